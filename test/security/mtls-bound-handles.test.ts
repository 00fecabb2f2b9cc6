import { createHash } from 'node:crypto';
import { type Handle } from '#handles';
import {
  type ExchangeUnderTest,
  formBody,
  type FormParameters,
  grantUnderTest,
  TestCertificate,
} from '#testing';
import { AdminApi, type AdminApiOptions } from '../support/admin-api.js';
import { type Answer, CallPath, send } from './call-path.js';
import { CHAIN_GRANTS, narrowed, OPERATES } from './chain-of-handles.js';
import { StsEndpoint, type StsEndpointOptions } from './sts-endpoint.js';

const TARGET = '/proxy/ledger/accounts/42';
const FORM = 'application/x-www-form-urlencoded';
const LOOPBACK = ['127.0.0.0/8', '::1'];

type Headers = Readonly<Record<string, string | string[]>>;

/** RFC 8705 section 3.1. */
const thumbprintOf = ({ der }: TestCertificate): string =>
  createHash('sha256').update(der).digest('base64url');
/** RFC 9440 section 2.2. */
const inHeader = ({ der }: TestCertificate): string => `:${der.toString('base64')}:`;
const escaped = ({ pem }: TestCertificate): string => encodeURIComponent(pem);

let mine: TestCertificate;
let other: TestCertificate;
beforeAll(async () => {
  [mine, other] = [await TestCertificate.selfSigned(), await TestCertificate.selfSigned()];
});

/** What comes with a certificate in a header, and must not be believed: each was believed by somebody (RFC 9700, 4.13). */
const NOT_MINE: [string, () => Headers][] = [
  ['no certificate', () => ({})],
  ['another certificate', () => ({ 'client-cert': inHeader(other) })],
  ['the header of another proxy', () => ({ 'x-ssl-client-cert': escaped(mine) })],
  ['the header of Envoy', () => ({ 'x-forwarded-client-cert': `Cert="${escaped(mine)}"` })],
  ['its name with underscores', () => ({ client_cert: inHeader(mine) })],
  ['its chain alone', () => ({ 'client-cert-chain': inHeader(mine) })],
  [
    'another certificate, and the bound one in its chain',
    () => ({ 'client-cert': inHeader(other), 'client-cert-chain': inHeader(mine) }),
  ],
  ['the thumbprint alone', () => ({ 'client-cert-thumbprint': thumbprintOf(mine) })],
];

/** What a trusted proxy never sends: somebody else wrote in it. */
const UNREADABLE: [string, () => Headers][] = [
  ['the bound one twice', () => ({ 'client-cert': [inHeader(mine), inHeader(mine)] })],
  ['the bound one and another', () => ({ 'client-cert': [inHeader(mine), inHeader(other)] })],
  ['another and the bound one', () => ({ 'client-cert': [inHeader(other), inHeader(mine)] })],
  ['a list of two', () => ({ 'client-cert': `${inHeader(mine)}, ${inHeader(other)}` })],
  ['a list without a space', () => ({ 'client-cert': `${inHeader(mine)},${inHeader(mine)}` })],
  ['an empty value', () => ({ 'client-cert': '' })],
  ['PEM', () => ({ 'client-cert': escaped(mine) })],
  ['base64 without colons', () => ({ 'client-cert': mine.der.toString('base64') })],
  ['bytes behind the certificate', () => ({ 'client-cert': withTail(mine) })],
];

const withTail = ({ der }: TestCertificate): string =>
  `:${Buffer.concat([der, Buffer.alloc(3)]).toString('base64')}:`;

describe('a subject token that is bound to a certificate', () => {
  let endpoint: StsEndpoint;
  let sts: ExchangeUnderTest;
  const behind = async (options: StsEndpointOptions): Promise<void> => {
    endpoint = await StsEndpoint.start({ grants: CHAIN_GRANTS, ...options });
    ({ sts } = endpoint);
  };
  beforeEach(() => behind({ trustedProxies: LOOPBACK, clientCertificateHeader: 'client-cert' }));
  afterEach(() => endpoint.close());

  const bound = async (): Promise<FormParameters> => ({
    subject_token: await sts.mint({ cnf: { 'x5t#S256': thumbprintOf(mine) } }),
  });
  const post = async (parameters: FormParameters, headers: Headers): Promise<Answer> =>
    send(endpoint.port, '/oauth2/token', {
      method: 'POST',
      headers: { 'content-type': FORM, ...headers },
      body: formBody(await sts.baseline(parameters)),
    });
  const bindings = (): Handle['binding'][] =>
    [...sts.records.handles.values()].map(({ binding }) => binding);
  const issued = async (parameters: FormParameters): Promise<string> => {
    const answer = await post(parameters, { 'client-cert': inHeader(mine) });
    const body = JSON.parse(answer.body) as Record<string, string>;
    expect([answer.status, body['token_type']]).toEqual([200, 'Bearer']);
    expect(bindings().at(-1)).toEqual({ kind: 'mtls', x5tS256: thumbprintOf(mine) });
    return body['access_token']!;
  };
  const refused = async (parameters: FormParameters, headers: Headers, status = 400) => {
    const [handles, uses] = [sts.records.handles.size, sts.records.uses.size];
    const answer = await post(parameters, headers);
    const error = status === 400 ? 'invalid_request' : 'invalid_client';
    expect([answer.status, JSON.parse(answer.body)]).toMatchObject([status, { error }]);
    expect([sts.records.handles.size, sts.records.uses.size]).toEqual([handles, uses]);
    expect(answer.body).not.toContain(thumbprintOf(mine));
  };

  it('C-06: is exchanged with that certificate, for a handle that is bound to it', async () => {
    const handle = await issued(await bound());
    const operator = await sts.issued({
      subjectTokenKeyId: sts.issuer.keyId,
      resource: 'postern',
      scopes: ['introspect'],
      grant: sts.grantOf(OPERATES.id),
    });
    const headers = { authorization: `Bearer ${operator.plaintext}` };
    const response = await endpoint.post('/oauth2/introspect', { token: handle }, headers);
    expect(await response.json()).toMatchObject({ cnf: { 'x5t#S256': thumbprintOf(mine) } });
  });

  it.each(NOT_MINE)('C-06: is refused with %s, and is not spent by that', async (_, headers) => {
    const parameters = await bound();
    await refused(parameters, headers());
    await issued(parameters);
  });

  it.each(UNREADABLE)('C-05: is refused with %s, and is not spent by that', async (_, headers) => {
    const parameters = await bound();
    await refused(parameters, headers(), 401);
    await issued(parameters);
  });

  it('C-06: gives a handle that is exchanged for another with that certificate only', async () => {
    const parent = await issued({ ...(await bound()), scope: 'ledger.read ledger.post' });
    const request = narrowed(parent);
    for (const [, headers] of NOT_MINE) await refused(request, headers());
    await issued(request);
  });

  it.each<[string, StsEndpointOptions]>([
    ['that is not trusted', { clientCertificateHeader: 'client-cert' }],
    [
      'that is none of the trusted',
      { trustedProxies: ['10.0.0.0/8'], clientCertificateHeader: 'client-cert' },
    ],
    ['that is trusted with another header', { trustedProxies: LOOPBACK }],
  ])('C-05: a header from a peer %s proves nothing', async (_, options) => {
    await endpoint.close();
    await behind(options);
    await refused(await bound(), { 'client-cert': inHeader(mine) });
    await refused(await bound(), { 'client-cert': [inHeader(mine), inHeader(mine)] });
  });

  it('C-08: a token without a key gives no bound handle unasked, and one where the grant says so', async () => {
    await post({}, { 'client-cert': inHeader(mine) });
    expect(bindings()).toEqual([{ kind: 'none' }]);
    await endpoint.close();
    const grants = [grantUnderTest({ binding: 'mtls' })];
    await behind({ grants, trustedProxies: LOOPBACK, clientCertificateHeader: 'client-cert' });
    await refused({}, {});
    await issued({});
  });
});

/** RFC 8705 section 3: a handle that is bound to a certificate opens nothing without it. */
describe('a handle that is bound to a certificate, at the proxy', () => {
  let path: CallPath;
  let handle: string;
  const behind = async (trustedProxies: readonly string[]): Promise<void> => {
    path = await CallPath.start({ trustedProxies, clientCertificateHeader: 'client-cert' });
    const binding = { kind: 'mtls', x5tS256: thumbprintOf(mine) } as const;
    handle = (await path.parts.issue({ binding })).plaintext;
  };
  beforeEach(() => behind(LOOPBACK));
  afterEach(() => path.stop());

  const get = (headers: Headers, scheme = 'Bearer'): Promise<Answer> =>
    send(path.port, TARGET, { headers: { authorization: `${scheme} ${handle}`, ...headers } });
  const refused = async (headers: Headers, scheme?: string): Promise<void> => {
    const answer = await get(headers, scheme);
    expect([answer.status, answer.headers['postern-error']]).toEqual([401, 'invalid_token']);
    expect(answer.headers['www-authenticate']).toContain('error="invalid_token"');
    expect(path.backend.seen).toHaveLength(0);
    expect(path.parts.secrets.calls).toEqual({ currentVersion: 0, read: 0 });
    expect(path.parts.ledger.started).toHaveLength(0);
    const [denial] = path.parts.journal.of('dev.postern.call.denied.v1');
    expect(denial!.reason).toBe('binding_mismatch');
  };

  it('C-06: opens its resource with that certificate, which does not go on', async () => {
    expect((await get({ 'client-cert': inHeader(mine) })).status).toBe(200);
    expect(path.backend.everything).not.toMatch(/client-cert/i);
    expect(path.backend.everything).not.toContain(mine.der.toString('base64'));
  });

  it.each(NOT_MINE)('C-06: is refused with %s', async (_, headers) => {
    await refused(headers());
  });

  it.each(UNREADABLE)('C-05: is refused with %s', async (_, headers) => {
    await refused(headers());
  });

  it('C-06: is refused as DPoP, with that certificate', async () => {
    await refused({ 'client-cert': inHeader(mine) }, 'DPoP');
  });

  it.each([[[]], [['10.0.0.0/8']]])(
    'C-05: is refused when a peer that is not trusted sends the header (trusted: %p)',
    async (trustedProxies) => {
      await path.stop();
      await behind(trustedProxies);
      await refused({ 'client-cert': inHeader(mine) });
    },
  );

  it('C-05: a header that cannot be read does not stop a handle that is bound to nothing', async () => {
    handle = (await path.parts.issue()).plaintext;
    expect((await get({ 'client-cert': 'nothing' })).status).toBe(200);
  });
});

/** The admin API is where most is at stake: operators hold bound handles like everybody. */
describe('a handle of an operator that is bound to a certificate, at the admin API', () => {
  let api: AdminApi;
  let handle: string;
  afterEach(() => api.host.close(0));

  const behind = async (options: AdminApiOptions): Promise<void> => {
    api = new AdminApi(options);
    await api.start();
    const binding = { kind: 'mtls', x5tS256: thumbprintOf(mine) } as const;
    const operator = { resource: 'postern', scopes: ['admin.read'], binding };
    handle = (await api.issue(operator)).plaintext;
  };
  const statusWith = async (headers: Headers): Promise<number> => {
    const authorization = `Bearer ${handle}`;
    const { port } = api.host.address;
    return (await send(port, '/admin/v1/reviews', { headers: { authorization, ...headers } }))
      .status;
  };

  it('C-06, C-05: is taken with that certificate from a trusted proxy, and with nothing else', async () => {
    await behind({ trustedProxies: LOOPBACK, clientCertificateHeader: 'client-cert' });
    expect(await statusWith({ 'client-cert': inHeader(mine) })).toBe(200);
    for (const [, headers] of [...NOT_MINE, ...UNREADABLE]) {
      expect(await statusWith(headers())).toBe(401);
    }
  });

  it.each<[string, AdminApiOptions]>([
    ['that is not trusted', { clientCertificateHeader: 'client-cert' }],
    ['that is trusted with another header', { trustedProxies: LOOPBACK }],
  ])('C-05: is refused with a header from a peer %s', async (_, options) => {
    await behind(options);
    expect(await statusWith({ 'client-cert': inHeader(mine) })).toBe(401);
  });

  it('C-05: a header that cannot be read does not stop one that is bound to nothing', async () => {
    await behind({ trustedProxies: LOOPBACK, clientCertificateHeader: 'client-cert' });
    handle = (await api.operator('admin.read')).plaintext;
    expect(await statusWith({ 'client-cert': 'nothing' })).toBe(200);
  });
});
