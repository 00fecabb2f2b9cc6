import { generateKeyPairSync, sign } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { PosternClient } from '#client';
import { mintHandle } from '#handles';
import { runCli } from '../support/postern-process.js';
import { makeStandalone, type Standalone } from '../support/standalone.js';
import { until } from '../support/until.js';

const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const REPORTER = {
  id: 'github',
  as: 'github',
  keys: { file: './leak-keys.json' },
  owner: 'security@example',
  purpose: 'Ends handles that lie in public',
  reviewBy: '2027-12-31',
};
const PASSWORD = 'the-ledger-password-1987';

let postern: Standalone;
let backend: Server;
let client: PosternClient;
let operator: string;

beforeAll(async () => {
  backend = createServer((_request, response) => response.end('{}')).listen(0, '127.0.0.1');
  await once(backend, 'listening');
  const { port } = backend.address() as AddressInfo;
  const destination = `http://127.0.0.1:${port}`;
  const login = { username: 'ledger-svc', password: PASSWORD };
  postern = await makeStandalone({ destination, ...login, overrides: { leakReports: [REPORTER] } });
  const key = publicKey.export({ type: 'spki', format: 'pem' });
  const keys = { public_keys: [{ key_identifier: 'key-1', key, is_current: true }] };
  writeFileSync(join(postern.folder, 'leak-keys.json'), JSON.stringify(keys));
  await postern.start();
  client = new PosternClient(postern.publicOrigin);
  const scopes = ['admin.read', 'admin.revoke'];
  const subjectToken = await postern.issuer.mint('operator');
  operator = (await client.exchange({ subjectToken, audience: 'postern', scopes })).handle;
}, 180_000);

afterAll(async () => {
  await postern.process.stop();
  backend.close();
}, 60_000);

const canary = (...args: readonly string[]): string => {
  const where = ['--admin', postern.adminOrigin, '--origin', postern.publicOrigin];
  const environment = { ...postern.environment, POSTERN_HANDLE: operator };
  const { status, stdout, stderr } = runCli(['canary', ...args, ...where], { environment });
  if (status !== 0) throw new Error(stderr);
  return stdout.trim();
};
const idOf = (): string => canary('list').split('  ', 1)[0]!;
const deniedFor = async (correlationId: string): Promise<unknown> => {
  const url = `${postern.adminOrigin}/admin/v1/explain/${correlationId}`;
  const response = await fetch(url, { headers: { authorization: `Bearer ${operator}` } });
  return response.json();
};
const visible = async (response: Response): Promise<unknown> => {
  const headers = Object.fromEntries(response.headers);
  const same = { ...headers, date: '', 'postern-correlation-id': '' };
  return { status: response.status, same, body: await response.text() };
};

describe('a canary in a standalone Postern', () => {
  it('is made by an operator, refused like any unknown handle wherever it is tried, and told of', async () => {
    const planted = canary('create', '--kind', 'handle', '--note', 'in the wiki');
    const url = `${postern.publicOrigin}/proxy/ledger/accounts/1`;
    const present = (handle: string): Promise<Response> =>
      fetch(url, { headers: { authorization: `Bearer ${handle}` } });
    const unknown = mintHandle(planted.split('_')[1]!).plaintext;
    let answer = await present(planted);
    await until('the canary is known', async () => {
      answer = await present(planted);
      const told = await deniedFor(answer.headers.get('postern-correlation-id') ?? '');
      return JSON.stringify(told).includes('"reason":"canary"');
    });
    expect(await visible(answer)).toEqual(await visible(await present(unknown)));
    expect(canary('list')).toContain('live  in the wiki');
    expect(canary('list')).not.toContain(planted);
    const introspected = await client
      .exchange({ subjectToken: planted, audience: 'ledger' })
      .catch((error: unknown) => error);
    expect(introspected).toBeInstanceOf(Error);
    expect(postern.process.output).not.toContain(planted);
    expect(canary('end', idOf())).toContain(' ended ');
  }, 60_000);
});

describe('a signed report of a leak to a standalone Postern', () => {
  it('ends the handle that was found, and tells that it was a true one', async () => {
    const subjectToken = await postern.issuer.mint('settler');
    const { handle } = await client.exchange({ subjectToken, audience: 'ledger' });
    const call = (): Promise<Response> =>
      fetch(`${postern.publicOrigin}/proxy/ledger/accounts/1`, {
        headers: { authorization: `Bearer ${handle}` },
      });
    expect((await call()).status).toBe(200);
    const body = JSON.stringify([{ token: handle, type: 'postern_handle', url: '' }]);
    const report = (signature: string): Promise<Response> =>
      fetch(`${postern.adminOrigin}/events/leaks`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'github-public-key-identifier': 'key-1',
          'github-public-key-signature': signature,
        },
        body,
      });
    expect((await report('AAAA')).status).toBe(401);
    expect((await call()).status).toBe(200);
    const answer = await report(sign('sha256', Buffer.from(body), privateKey).toString('base64'));
    expect(await answer.json()).toMatchObject([{ label: 'true_positive' }]);
    await until('the handle is refused', async () => (await call()).status === 401);
    expect(postern.process.output).not.toContain(handle);
  }, 60_000);
});
