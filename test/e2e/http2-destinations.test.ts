import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { type RequestListener } from 'node:http';
import { join } from 'node:path';
import { type ProxiedResourceRegistration } from '#injection';
import {
  aProxiedResource,
  http2Server,
  TEST_PASSWORD,
  TEST_USERNAME,
  TestCertificate,
  type UpstreamServer,
} from '#testing';
import { describeWithServer } from '../support/describe-with-server.js';
import { Nginx } from '../support/nginx.js';
import { until } from '../support/until.js';
import { type Answer, CallPath } from '../security/call-path.js';

const NAME = 'ledger.test';
const MIB = 1024 * 1024;
const EVERYTHING = { 'ledger.read': ['GET /**'], 'ledger.post': ['POST /**'] };

/** A caller on HTTP/1.1, the whole pipeline, and a destination on HTTP/2. */
describe('calls to a destination over HTTP/2', () => {
  let server: UpstreamServer;
  let path: CallPath;
  let respond: RequestListener;
  beforeEach(async () => {
    server = await http2Server((incoming, response) => respond(incoming, response));
    path = await CallPath.start({
      registration: { destination: `${server.origin}/api`, ...server.registration },
    });
  });
  afterEach(async () => {
    await path.stop();
    await server.stop();
  });
  const outcomes = (): string[] => path.parts.ledger.completed.map(({ data }) => data.outcome);

  it('carry the credential, and bring back nothing of it in status, header, body and trailer', async () => {
    const basic = Buffer.from(`${TEST_USERNAME}:${TEST_PASSWORD}`).toString('base64');
    respond = (incoming, response) => {
      const { authorization = '' } = incoming.headers;
      response.writeHead(200, { 'x-echo': authorization, 'x-version': incoming.httpVersion });
      response.addTrailers({ 'x-end': authorization });
      response.end(`${incoming.url ?? ''} ${authorization === `Basic ${basic}`} ${authorization}`);
    };
    const answer = await path.call('/proxy/ledger/accounts/42?x=1');
    expect(answer.status).toBe(200);
    expect(answer.body).toBe(`/api/accounts/42?x=1 true Basic ${'*'.repeat(basic.length)}`);
    expect(answer.headers['x-version']).toBe('2.0');
    expect(JSON.stringify([answer, path.parts.ledger.completed])).not.toContain(basic);
  });

  it('stream ten MiB each way unchanged', async () => {
    const body = Buffer.alloc(10 * MIB, `${TEST_PASSWORD.slice(0, 12)} and more `);
    const resource = path.parts.resources.get('ledger')!;
    const limits = { ...resource.limits, requestBytesMax: 10 * MIB };
    path.parts.resources.set('ledger', { ...resource, limits });
    respond = (incoming, response) => incoming.pipe(response);
    const answer = await path.call('/proxy/ledger/entries', { method: 'POST', body });
    const digest = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
    expect(digest(Buffer.from(answer.body, 'latin1'))).toBe(digest(body));
    expect(path.parts.ledger.completed[0]?.data).toMatchObject({
      ...{ bytes_in: 10 * MIB, bytes_out: 10 * MIB, outcome: 'ok' },
    });
  });

  it('are cut when the destination goes away in mid-answer: upstream_error', async () => {
    respond = (incoming, response) => {
      response.write('first', () => setTimeout(() => incoming.socket.destroy(), 20));
    };
    await expect(path.call('/proxy/ledger/accounts/42')).rejects.toThrow(/aborted/);
    await until('it is recorded', () => outcomes().length === 1);
    expect(outcomes()).toEqual(['upstream_error']);
  });

  it.each(['HEAD', 'GET'])('of %s have no body where there is none', async (method) => {
    respond = (_, response) => response.writeHead(method === 'GET' ? 204 : 200).end();
    const answer = await path.call('/proxy/ledger/accounts/42', { method });
    expect([answer.status, answer.body]).toEqual([method === 'GET' ? 204 : 200, '']);
  });

  it('are never WebSockets: such a registration is refused', () => {
    const register = (tls: ProxiedResourceRegistration['tls']): unknown =>
      aProxiedResource(
        { destination: 'https://ledger.internal', tls },
        { scopes: { 'ledger.read': ['UPGRADE /stream'] } },
      );
    expect(() => register({ http2: true })).toThrow(/tls\.http2: UPGRADE operations need HTTP\/1/);
    expect(() => register({ http2: false })).not.toThrow();
  });
});

describeWithServer('calls to an nginx that speaks HTTP/2', 'nginx', (_) => {
  let nginx: Nginx;
  let authority: TestCertificate;
  let caFile: string;
  beforeAll(async () => {
    authority = await TestCertificate.selfSigned({ subject: 'CN=authority' });
    const { pem, keyPem } = await authority.issue({ dnsNames: [NAME] });
    const pair = { certificate: pem, key: keyPem, clientAuthority: authority.pem };
    nginx = await Nginx.start({ ...pair, http2: true });
    caFile = join(nginx.folder, 'ca.pem');
    writeFileSync(caFile, authority.pem);
  });
  afterAll(() => nginx.stop());

  const start = (secret: Readonly<Record<string, string>>, http2: boolean): Promise<CallPath> =>
    CallPath.start({
      secret,
      policy: { scopes: EVERYTHING },
      registration: {
        destination: nginx.origin,
        tls: { caFile, serverName: NAME, http2 },
        inject: { kind: 'client-certificate', certificate: 'certificate', key: 'key' },
      },
    });
  const secretOf = async (subject: string): Promise<Record<string, string>> => {
    const { pem, keyPem } = await authority.issue({ subject });
    return { certificate: pem, key: keyPem };
  };
  const ask = async (path: CallPath, target: string): Promise<Answer> =>
    path.call(`/proxy/ledger${target}`);

  it.each([
    ['HTTP/2.0', true],
    ['HTTP/1.1', false],
  ])('are %s when the registration says so', async (protocol, http2) => {
    const path = await start(await secretOf('CN=postern'), http2);
    expect((await ask(path, '/echo/1?a=%20b')).body).toBe(`${protocol}  /echo/1?a=%20b`);
    await path.stop();
  });

  it('prove the client certificate on one connection for all, and the next one on another', async () => {
    const path = await start(await secretOf('CN=first'), true);
    const answers = await Promise.all(Array.from({ length: 8 }, () => ask(path, '/accounts')));
    const connections = new Set(answers.map(({ headers }) => headers['x-connection']));
    expect(connections.size).toBe(1);
    expect(answers.every(({ body }) => body.startsWith('CN=first '))).toBe(true);
    await path.parts.seal(await secretOf('CN=second'));
    path.parts.clock.advance(60);
    let next = answers[0]!;
    await until('the new version is used', async () => {
      next = await ask(path, '/accounts');
      return next.body.startsWith('CN=second ');
    });
    expect(connections.has(next.headers['x-connection'])).toBe(false);
    await path.stop();
  });

  it('take a body that comes slowly', async () => {
    const path = await start(await secretOf('CN=postern'), true);
    expect((await ask(path, '/slow/file')).body).toHaveLength(64 * 1024);
    await path.stop();
  });
});
