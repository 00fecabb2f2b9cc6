import { parseWrappingToken, refuseTokenAsArgument } from './wrapping-token.js';
import { UsageError } from './usage-error.js';

const TOKEN = `hvs.${'A'.repeat(24)}`;
/** As X-Vault-Wrap-Format: jwt has it. */
const JWT = ['{"alg":"ES512"}', '{"jti":"s.x"}', 'signature']
  .map((part) => Buffer.from(part).toString('base64url'))
  .join('.');
const json = (wrapInfo: object): string => JSON.stringify({ request_id: 'r', wrap_info: wrapInfo });
const info = {
  token: TOKEN,
  accessor: 'a',
  ttl: 600,
  creation_time: '2026-11-21T22:00:00.123456789+01:00',
  creation_path: 'secret/data/intake/ledger',
};

describe('a wrapping token on standard input', () => {
  it('may be bare', () => {
    const { wrappingToken, told } = parseWrappingToken(TOKEN);
    expect([String(wrappingToken), told]).toEqual(['[redacted]', undefined]);
  });

  it('may be the JSON that vault prints, which says when it was made and how long it lives', () => {
    expect(parseWrappingToken(json(info)).told).toEqual({
      created_at: '2026-11-21T21:00:00.123Z',
      ttl_seconds: 600,
    });
  });

  it.each([
    ['a secret that was not wrapped', '{"data":{"data":{"password":"hunter2"}}}'],
    ['JSON that was cut', '{"wrap_info":{"token":"hunter2'],
    ['another wrap_info', json({ token: 'hunter2' })],
    ['a token that is no text', json({ ...info, token: 7 })],
  ])('is not %s, of which nothing is quoted', (_, text) => {
    const read = (): unknown => parseWrappingToken(text);
    expect(read).toThrow(UsageError);
    expect(read).not.toThrow('hunter2');
  });
});

describe('a wrapping token among the arguments', () => {
  it.each([
    TOKEN,
    `s.${'a'.repeat(24)}`,
    `s.${'a'.repeat(24)}.XgtkxK`,
    `--reason=${TOKEN}`,
    `--wrapped=s.${'a'.repeat(24)}`,
    JWT,
  ])('is refused as %s', (given) => {
    const check = (): unknown => refuseTokenAsArgument(['ledger', given]);
    expect(check).toThrow('wrap the value again, and give the new token on standard input');
    expect(check).not.toThrow(given);
  });

  it('is told apart from what is none', () => {
    const host = 'https://postern-apis.production-environment-eu.example';
    const given = ['ledger', 'change 4711', undefined, true, 'services.internal', 'rot_1', host];
    expect(() => refuseTokenAsArgument(given)).not.toThrow();
  });
});
