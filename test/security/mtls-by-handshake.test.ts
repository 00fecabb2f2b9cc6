import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request, type RequestOptions } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { formBody, TestCertificate } from '#testing';
import { AdminApi } from '../support/admin-api.js';
import { CallPath } from './call-path.js';
import { StsEndpoint } from './sts-endpoint.js';

const thumbprintOf = ({ der }: TestCertificate): string =>
  createHash('sha256').update(der).digest('base64url');
const inHeader = ({ der }: TestCertificate): string => `:${der.toString('base64')}:`;

interface Answer {
  readonly status: number;
  readonly body: string;
}

/** Asks by TLS, with this certificate or with none. */
function ask(
  certificate: TestCertificate | undefined,
  { body, ...options }: RequestOptions & { readonly body?: string },
): Promise<Answer> {
  const own = certificate === undefined ? {} : { cert: certificate.pem, key: certificate.keyPem };
  const target = { host: '127.0.0.1', rejectUnauthorized: false, agent: false as const };
  return new Promise((resolve, reject) => {
    request({ ...target, ...own, ...options }, (response) => {
      text(response).then(
        (received) => resolve({ status: response.statusCode ?? 0, body: received }),
        reject,
      );
    })
      .on('error', reject)
      .end(body);
  });
}

/** RFC 8705 without a proxy in front: the certificate is the one whose key signed the handshake, and no header counts. */
describe('a caller whose certificate is in the TLS handshake', () => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-mtls-'));
  const tls = {
    certificateFile: join(folder, 'server.pem'),
    keyFile: join(folder, 'server.key'),
    clientCertificates: 'request',
  } as const;
  let mine: TestCertificate;
  let other: TestCertificate;
  beforeAll(async () => {
    const server = await TestCertificate.selfSigned();
    writeFileSync(tls.certificateFile, server.pem);
    writeFileSync(tls.keyFile, server.keyPem, { mode: 0o600 });
    [mine, other] = [await TestCertificate.selfSigned(), await TestCertificate.selfSigned()];
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it('C-06, C-08: exchanges a token that is bound to it, and nobody else does', async () => {
    const endpoint = await StsEndpoint.start({ tls });
    const { sts } = endpoint;
    const subject_token = await sts.mint({ cnf: { 'x5t#S256': thumbprintOf(mine) } });
    const body = formBody(await sts.baseline({ subject_token }));
    const exchange = (certificate?: TestCertificate, headers = {}): Promise<Answer> =>
      ask(certificate, {
        ...{ port: endpoint.port, path: '/oauth2/token', method: 'POST', body },
        headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
      });
    expect((await exchange()).status).toBe(400);
    expect((await exchange(other)).status).toBe(400);
    expect((await exchange(other, { 'client-cert': inHeader(mine) })).status).toBe(400);
    expect((await exchange(mine, { 'client-cert': inHeader(other) })).status).toBe(200);
    const [record] = [...sts.records.handles.values()];
    expect(record!.binding).toEqual({ kind: 'mtls', x5tS256: thumbprintOf(mine) });
    await endpoint.close();
  });

  it('C-06: operates the admin API with a handle that is bound to it, and nobody else does', async () => {
    const api = new AdminApi({ tls });
    await api.start();
    const binding = { kind: 'mtls', x5tS256: thumbprintOf(mine) } as const;
    const scopes = ['admin.read'];
    const { plaintext } = await api.issue({ resource: 'postern', scopes, binding });
    const reviews = (certificate?: TestCertificate, headers = {}): Promise<Answer> =>
      ask(certificate, {
        ...{ port: api.host.address.port, path: '/admin/v1/reviews' },
        headers: { authorization: `Bearer ${plaintext}`, ...headers },
      });
    expect((await reviews(mine)).status).toBe(200);
    expect((await reviews()).status).toBe(401);
    expect((await reviews(other)).status).toBe(401);
    expect((await reviews(other, { 'client-cert': inHeader(mine) })).status).toBe(401);
    await api.host.close(0);
  });

  it('C-06: opens its resource with a handle that is bound to it, and nobody else does', async () => {
    const path = await CallPath.start({ tls });
    const binding = { kind: 'mtls', x5tS256: thumbprintOf(mine) } as const;
    const { plaintext } = await path.parts.issue({ binding });
    const call = (certificate?: TestCertificate, headers = {}): Promise<Answer> =>
      ask(certificate, {
        ...{ port: path.port, path: '/proxy/ledger/accounts/42' },
        headers: { authorization: `Bearer ${plaintext}`, ...headers },
      });
    for (const refused of [
      await call(),
      await call(other),
      await call(undefined, { 'client-cert': inHeader(mine) }),
      await call(other, { 'client-cert': inHeader(mine) }),
    ]) {
      expect([refused.status, refused.body]).toEqual([
        401,
        expect.stringContaining('invalid_token'),
      ]);
    }
    expect(path.backend.seen).toHaveLength(0);
    expect((await call(mine)).status).toBe(200);
    await path.stop();
  });
});
