import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parse, stringify } from 'yaml';
import { loadConfig } from './load-config.js';
import { type InjectEntry } from './postern-config.js';

type Fields = Record<string, unknown>;

const folder = mkdtempSync(join(tmpdir(), 'postern-config-inject-'));
const file = join(folder, 'postern.yaml');
afterAll(() => rmSync(folder, { recursive: true }));

/** What comes of `inject` as it is written in YAML. */
function read(inject: string): InjectEntry | undefined {
  const least = parse(readFileSync(resolve('test/golden/config/postern.yaml'), 'utf8')) as {
    resources: Fields[];
  };
  const resource = { ...least.resources[0], inject: parse(inject) as Fields };
  writeFileSync(file, stringify({ ...least, resources: [resource] }));
  return loadConfig(file).resources[0]?.inject;
}

describe('inject in postern.yaml', () => {
  it('reads a cookie', () => {
    expect(read('{ as: cookie, name: api_key, value: apiKey }')).toEqual({
      kind: 'cookie',
      name: 'api_key',
      value: 'apiKey',
    });
  });

  it('reads a field of the body', () => {
    expect(read('{ as: body-field, format: json, name: /auth/apiKey, value: apiKey }')).toEqual({
      kind: 'body-field',
      format: 'json',
      name: '/auth/apiKey',
      value: 'apiKey',
    });
  });

  it('reads a signature with the least that it must say', () => {
    expect(
      read(`
as: hmac
algorithm: sha256
key: signingKey
stringToSign: |-
  {method}
  {target}
signatureEncoding: hex
header: { name: X-Signature, template: '{signature}' }
`),
    ).toEqual({
      kind: 'hmac',
      algorithm: 'sha256',
      key: 'signingKey',
      keyEncoding: 'utf8',
      stringToSign: '{method}\n{target}',
      signatureEncoding: 'hex',
      header: { name: 'X-Signature', template: '{signature}' },
      headers: [],
    });
  });

  it('reads a signature with all that it may say, and forgets why it is sha1', () => {
    expect(
      read(`
as: hmac
algorithm: { sha1: The appliance knows nothing else }
key: signingKey
keyEncoding: base64
stringToSign: '{date}{nonce}'
signatureEncoding: base64url
header: { name: X-Signature, template: '{signature}' }
dateHeader: { name: Date }
nonceHeader: X-Nonce
headers: [{ name: X-Key, template: '{field:keyId}' }]
`),
    ).toEqual({
      kind: 'hmac',
      algorithm: 'sha1',
      key: 'signingKey',
      keyEncoding: 'base64',
      stringToSign: '{date}{nonce}',
      signatureEncoding: 'base64url',
      header: { name: 'X-Signature', template: '{signature}' },
      dateHeader: { name: 'Date', format: 'rfc1123' },
      nonceHeader: 'X-Nonce',
      headers: [{ name: 'X-Key', template: '{field:keyId}' }],
    });
  });
});
