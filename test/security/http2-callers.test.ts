import { createHash } from 'node:crypto';
import { request } from 'node:https';
import { text } from 'node:stream/consumers';
import { connect } from 'node:tls';
import { athOf, DpopKey, formBody, TEST_ORIGIN, TestCertificate } from '#testing';
import {
  type Http2Answer,
  http2Answer,
  Http2Path,
  http2Session,
  ListenerFiles,
} from './http2-path.js';
import { StsEndpoint } from './sts-endpoint.js';

const ACCOUNT = '/proxy/ledger/accounts/42';

describe('who a caller of HTTP/2 is', () => {
  it('C-06: is told by the certificate of its connection', async () => {
    const h2 = await Http2Path.start();
    const [mine, other] = [await TestCertificate.selfSigned(), await TestCertificate.selfSigned()];
    const x5tS256 = createHash('sha256').update(mine.der).digest('base64url');
    const { plaintext } = await h2.path.parts.issue({ binding: { kind: 'mtls', x5tS256 } });
    const call = async (certificate?: TestCertificate): Promise<number[]> => {
      const own = certificate && { cert: certificate.pem, key: certificate.keyPem };
      const session = await http2Session(h2.path.port, own);
      const ask = () =>
        http2Answer(session.request({ ':path': ACCOUNT, authorization: `Bearer ${plaintext}` }));
      const statuses = (await Promise.all([ask(), ask()])).map(({ status }) => status);
      session.destroy();
      return statuses;
    };
    expect(await call()).toEqual([401, 401]);
    expect(await call(other)).toEqual([401, 401]);
    expect(h2.path.backend.seen).toHaveLength(0);
    expect(await call(mine)).toEqual([200, 200]);
    await h2.stop();
  });

  it('D-03: is told by a DPoP proof for this very call', async () => {
    const h2 = await Http2Path.start();
    const { parts } = h2.path;
    const key = await DpopKey.create({ clock: parts.clock });
    const { plaintext } = await parts.issue({ binding: { kind: 'dpop', jkt: key.jkt } });
    const call = async (htu: string): Promise<number> => {
      const dpop = key.proof({ htm: 'GET', htu, ath: athOf(plaintext) });
      const headers = { ':path': ACCOUNT, authorization: `DPoP ${plaintext}`, dpop };
      return (await http2Answer(h2.session.request(headers))).status;
    };
    expect(await call(`https://127.0.0.1:${h2.path.port}${ACCOUNT}`)).toBe(401);
    expect(await call(`${TEST_ORIGIN}${ACCOUNT}`)).toBe(200);
    await h2.stop();
  });
});

describe('a caller of HTTP/1.1 at a listener that speaks HTTP/2', () => {
  let h2: Http2Path;
  let head: string;
  beforeAll(async () => {
    h2 = await Http2Path.start({ respond: ({ url }, response) => void response.end(url) });
    const { plaintext } = await h2.path.parts.issue();
    head = `HTTP/1.1\r\nHost: p\r\nAuthorization: Bearer ${plaintext}\r\n`;
  });
  afterAll(() => h2.stop());
  async function sent(bytes: string): Promise<string> {
    const { port } = h2.path;
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false });
    socket.write(bytes);
    return text(socket);
  }

  it('is served in turn', async () => {
    const first = `GET /proxy/ledger/accounts/1 ${head}\r\n`;
    const last = `GET /proxy/ledger/accounts/2 ${head}Connection: close\r\n\r\n`;
    const answers = await sent(first + last);
    expect(answers.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(2);
    expect(answers).toMatch(/accounts\/1[^]*accounts\/2$/);
  });

  it('may offer h2c, which is left unanswered', async () => {
    const offer = 'Connection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\n';
    const settings = 'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n';
    const answer = await sent(`GET /proxy/ledger/accounts/3 ${head}${offer}${settings}`);
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK[^]*accounts\/3$/);
  });

  it('is refused as anywhere, and leaves its event', async () => {
    const lengths = 'Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n';
    expect(await sent(`GET /proxy/ledger/accounts/4 ${head}${lengths}`)).toMatch(
      /^HTTP\/1\.1 400 /,
    );
    expect(h2.denials).toEqual([expect.stringContaining('HPE_')]);
  });
});

interface Asked {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

describe('the endpoints of the framework', () => {
  it('answer HTTP/2 as they answer HTTP/1.1', async () => {
    const files = await ListenerFiles.create();
    const endpoint = await StsEndpoint.start({ tls: files.tls });
    const session = await http2Session(endpoint.port);
    const ask = ({ method = 'GET', path, headers, body }: Asked): Promise<Http2Answer> => {
      const head = { ':method': method, ':path': path, ...headers };
      const stream = session.request(head, { endStream: body === undefined });
      if (body !== undefined) stream.end(body);
      return http2Answer(stream);
    };
    const path = '/.well-known/oauth-authorization-server';
    const form = {
      ...{ method: 'POST', path: '/oauth2/token' },
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    };
    const issued = await ask({ ...form, body: formBody(await endpoint.sts.baseline()) });
    expect([issued.status, issued.headers['cache-control']]).toEqual([200, 'no-store']);
    expect(JSON.parse(issued.body)).toHaveProperty('access_token');
    const cases: readonly [number, Asked][] = [
      [200, { path }],
      [200, { method: 'HEAD', path }],
      [400, { ...form, body: 'grant_type=x' }],
      [400, { ...form, body: 'x'.repeat(70_000) }],
      [404, { path: '/nowhere' }],
      [417, { path, headers: { expect: 'the best' } }],
    ];
    for (const [status, asked] of cases) {
      const [two, one] = [await ask(asked), await askHttp1(endpoint.port, asked)];
      expect([two.status, two.body]).toEqual([one.status, one.body]);
      expect(two.headers['content-type']).toBe(one.type);
      expect(two.status).toBe(status);
    }
    expect(endpoint.faults).toEqual([]);
    session.destroy();
    await endpoint.close();
    files.remove();
  });
});

function askHttp1(
  port: number,
  { body, ...asked }: Asked,
): Promise<{ status: number; body: string; type: string | undefined }> {
  const target = { host: '127.0.0.1', port, rejectUnauthorized: false, agent: false as const };
  return new Promise((resolve, reject) => {
    request({ ...target, ...asked }, (response) => {
      const { statusCode: status = 0, headers } = response;
      text(response).then((read) => {
        resolve({ status, body: read, type: headers['content-type'] });
      }, reject);
    })
      .on('error', reject)
      .end(body);
  });
}
