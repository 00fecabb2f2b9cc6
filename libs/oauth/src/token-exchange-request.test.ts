import { mintHandle } from '#handles';
import { NO_INTENT } from '#policy';
import { aFormRequest, type FormParameters } from '#testing';
import { Form } from './form.js';
import { parseTokenExchange, type TokenExchangeRequest } from './token-exchange-request.js';

const TYPE = 'urn:ietf:params:oauth:token-type:';
const baseline: FormParameters = {
  grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
  subject_token: 'a.b.c',
  subject_token_type: `${TYPE}jwt`,
  audience: 'ledger',
  scope: 'ledger.read',
};

const parse = (parameters: FormParameters = {}): TokenExchangeRequest =>
  parseTokenExchange(Form.parse(aFormRequest({ ...baseline, ...parameters })));

const refusal = (code: string): Error => expect.objectContaining({ code }) as Error;

it('reads the baseline request', () => {
  expect(parse()).toEqual({
    subjectToken: { kind: 'jwt', token: 'a.b.c' },
    actorToken: undefined,
    intent: NO_INTENT,
    subjectTokenType: `${TYPE}jwt`,
    audiences: ['ledger'],
    resources: [],
    scopes: ['ledger.read'],
  });
});

it.each(['jwt', 'id_token'])('takes a subject token of type %s', (type) => {
  expect(parse({ subject_token_type: TYPE + type }).subjectTokenType).toBe(TYPE + type);
});

it('X-21: takes no requested_token_type, or access_token', () => {
  expect(parse({ requested_token_type: `${TYPE}access_token` })).toEqual(parse());
});

it('T-05: ignores parameters that it does not know, however often they stand there', () => {
  const ignored = {
    foo: ['bar', 'baz'],
    requested_subject: 'admin',
    requested_issuer: 'other',
    subject_issuer: 'other',
    client_id: 'workload-1',
  };
  expect(parse(ignored)).toEqual(parse());
});

it('T-04: takes an empty scope for none', () => {
  expect(parse({ scope: '' }).scopes).toBeUndefined();
});

it.each([
  ['T-03 grant_type twice', { grant_type: [baseline['grant_type'], baseline['grant_type']] }],
  ['T-03 subject_token twice', { subject_token: ['a.b.c', 'a.b.c'] }],
  ['T-03 subject_token_type twice', { subject_token_type: [`${TYPE}jwt`, `${TYPE}jwt`] }],
  ['T-03 scope twice', { scope: ['ledger.read', 'ledger.read'] }],
  ['T-03 requested_token_type twice', { requested_token_type: [`${TYPE}access_token`, 'x'] }],
  ['T-03 actor_token twice', { actor_token: ['a.b.c', 'a.b.c'] }],
  ['T-04 an empty subject_token', { subject_token: '' }],
  ['T-10 no grant_type', { grant_type: undefined }],
  ['X-02 no subject_token', { subject_token: undefined }],
  ['X-03 no subject_token_type', { subject_token_type: undefined }],
  ['X-04 saml2', { subject_token_type: `${TYPE}saml2` }],
  ['X-04 refresh_token', { subject_token_type: `${TYPE}refresh_token` }],
  ['X-04 an unknown URN', { subject_token_type: 'urn:example:token' }],
  ['X-04 no URI', { subject_token_type: 'jwt' }],
  ['X-04 another case', { subject_token_type: `${TYPE}JWT` }],
  ['X-05 a JWT sent as access_token', { subject_token_type: `${TYPE}access_token` }],
  ['X-06 actor_token without its type', { actor_token: 'a.b.c' }],
  ['X-07 actor_token_type alone', { actor_token_type: `${TYPE}jwt` }],
  ['X-22 jwt wanted', { requested_token_type: `${TYPE}jwt` }],
  ['X-22 refresh_token wanted', { requested_token_type: `${TYPE}refresh_token` }],
  ['X-22 id_token wanted', { requested_token_type: `${TYPE}id_token` }],
  ['X-22 saml2 wanted', { requested_token_type: `${TYPE}saml2` }],
  ['X-22 something unknown wanted', { requested_token_type: 'urn:example:token' }],
  ['A-08 a handle of this deployment', { subject_token: mintHandle('test').plaintext }],
  ['A-08 a handle of another environment', { subject_token: mintHandle('prod').plaintext }],
] as [string, FormParameters][])('refuses as invalid_request: %s', (_, parameters) => {
  expect(() => parse(parameters)).toThrow(refusal('invalid_request'));
});

it.each([
  'authorization_code',
  'client_credentials',
  'foo',
  'urn:ietf:params:oauth:grant-type:token-exchange ',
  'urn:ietf:params:oauth:grant-type:token-exchange2',
  'URN:IETF:PARAMS:OAUTH:GRANT-TYPE:TOKEN-EXCHANGE',
])('T-10, X-01: refuses grant_type %s as unsupported_grant_type', (grantType) => {
  expect(() => parse({ grant_type: grantType })).toThrow(refusal('unsupported_grant_type'));
});

it.each([
  'ledger',
  '/proxy/ledger',
  '//postern.test/proxy/ledger',
  'https://postern.test/proxy/ledger#read',
  'https://postern.test/proxy/ledger#',
  'https://',
])('X-12: refuses resource %s as invalid_target', (resource) => {
  expect(() => parse({ resource })).toThrow(refusal('invalid_target'));
});

it.each([
  ['a quotation mark', 'ledger"read'],
  ['a backslash', 'ledger\\read'],
  ['a letter beyond ASCII', 'lédger.read'],
  ['a control character', 'ledger\u0007read'],
  ['a line break', 'ledger.read\nledger.post'],
  ['a tab', 'ledger.read\tledger.post'],
  ['two spaces', 'ledger.read  ledger.post'],
  ['a space before', ' ledger.read'],
  ['a space behind', 'ledger.read '],
  ['500 of them', Array.from({ length: 500 }, (_, n) => `s${n}`).join(' ')],
])('T-14: refuses scope with %s as invalid_scope', (_, scope) => {
  expect(() => parse({ scope })).toThrow(refusal('invalid_scope'));
});
