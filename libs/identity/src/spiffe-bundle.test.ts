import { KeySetInvalid, parseSpiffeBundle, type PublishedJwk } from '#identity';

const jwtKey: PublishedJwk = {
  kty: 'EC',
  crv: 'P-256',
  use: 'jwt-svid',
  kid: 'one',
  x: 'AA',
  y: 'AA',
};
const certificate = Buffer.from('a certificate, DER');
const x509Key: PublishedJwk = {
  kty: 'EC',
  crv: 'P-256',
  use: 'x509-svid',
  x: 'AA',
  y: 'AA',
  x5c: [certificate.toString('base64')],
};

const parsed = (document: unknown) => parseSpiffeBundle(Buffer.from(JSON.stringify(document)));
const parsedText = (text: string) => parseSpiffeBundle(Buffer.from(text));

describe('a SPIFFE bundle', () => {
  it('is read: keys of JWT-SVIDs, certificates of X509-SVIDs, hint and sequence', () => {
    const document = { keys: [x509Key, jwtKey], spiffe_refresh_hint: 300, spiffe_sequence: 7 };
    expect(parsed(document)).toEqual({
      jwtKeys: [expect.objectContaining(jwtKey)],
      x509Authorities: [certificate],
      refreshHintSeconds: 300,
      sequence: 7,
      ignoredCount: 0,
    });
  });

  it('need not have hint and sequence', () => {
    const { refreshHintSeconds, sequence } = parsed({ keys: [] });
    expect([refreshHintSeconds, sequence]).toEqual([undefined, undefined]);
  });

  it('S-09: without keys vouches for nobody, and is a bundle', () => {
    expect(parsed({ keys: [] })).toMatchObject({
      jwtKeys: [],
      x509Authorities: [],
      ignoredCount: 0,
    });
  });

  it.each<[string, PublishedJwk]>([
    ['no use', { ...jwtKey, use: undefined }],
    ['the use of a JWKS', { ...jwtKey, use: 'sig' }],
    ['the use of something new', { ...jwtKey, use: 'wit-svid' }],
    ['a use in capitals', { ...jwtKey, use: 'JWT-SVID' }],
    ['no kid', { ...jwtKey, kid: undefined }],
    ['an empty kid', { ...jwtKey, kid: '' }],
    ['a kid that is a number', { ...jwtKey, kid: 1 }],
    ['no kty', { ...jwtKey, kty: undefined }],
    ['an unknown kty', { ...jwtKey, kty: 'AKP' }],
    ['a symmetric kty', { ...jwtKey, kty: 'oct', k: 'AA' }],
    ['a kty of no algorithm of SVIDs', { ...jwtKey, kty: 'OKP', crv: 'Ed25519' }],
    ['no certificate', { ...x509Key, x5c: undefined }],
    ['an empty list of certificates', { ...x509Key, x5c: [] }],
    ['two certificates', { ...x509Key, x5c: [x509Key['x5c'], x509Key['x5c']].flat() }],
    ['a certificate that is no text', { ...x509Key, x5c: [7] }],
    ['a certificate that is empty', { ...x509Key, x5c: [''] }],
    ['a certificate in base64url', { ...x509Key, x5c: ['-_-_'] }],
    ['a certificate with white space', { ...x509Key, x5c: ['QUJD\n'] }],
  ])('S-09: passes over an entry with %s, and keeps the others', (_what, entry) => {
    expect(parsed({ keys: [entry, { ...jwtKey, kid: 'other' }] })).toMatchObject({
      jwtKeys: [{ kid: 'other' }],
      x509Authorities: [],
      ignoredCount: 1,
    });
  });

  it('S-09: does not take the kid of an entry that it passes over for one of its own', () => {
    expect(parsed({ keys: [jwtKey, { ...jwtKey, use: 'sig' }] }).jwtKeys).toHaveLength(1);
  });

  it.each<[string, unknown]>([
    ['a list', []],
    ['without a list of keys', { spiffe_sequence: 1 }],
    ['with keys that are a mapping', { keys: {} }],
    ['with a key that is a text', { keys: ['key'] }],
    ['with a kid twice', { keys: [jwtKey, jwtKey] }],
    ['of more than 100 entries', { keys: Array.from({ length: 101 }, () => ({})) }],
    ['with a hint that is a text', { keys: [], spiffe_refresh_hint: '300' }],
    ['with a hint that is no whole number', { keys: [], spiffe_refresh_hint: 1.5 }],
    ['with a hint below zero', { keys: [], spiffe_refresh_hint: -1 }],
    ['with a sequence that is null', { keys: [], spiffe_sequence: null }],
  ])('is refused %s', (_what, document) => {
    expect(() => parsed(document)).toThrow(KeySetInvalid);
  });

  it.each([
    ['that names a member twice', '{"keys":[],"keys":[]}'],
    ['with a byte order mark', '\ufeff{"keys":[]}'],
    [
      'with a sequence that no number holds exactly',
      '{"keys":[],"spiffe_sequence":9007199254740993}',
    ],
    ['nested without end', `{"keys":[${'['.repeat(50)}${']'.repeat(50)}]}`],
    ['that is cut off', '{"keys":['],
  ])('is refused as text %s', (_what, text) => {
    expect(() => parsedText(text)).toThrow(KeySetInvalid);
  });
});
