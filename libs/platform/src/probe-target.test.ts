import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TestCertificate } from '#testing';
import { type ListenAddress } from './postern-config.js';
import { type ProbeRequest, ProbeTarget } from './probe-target.js';

const folder = mkdtempSync(join(tmpdir(), 'postern-target-'));
const servers: Server[] = [];
const targets: ProbeTarget[] = [];

afterEach(async () => {
  for (const target of targets.splice(0)) await target.close();
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

async function portOf(server: Server): Promise<number> {
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

const listening = (listener: RequestListener): Promise<number> => portOf(createServer(listener));

function own(address: ListenAddress): ProbeTarget {
  const target = ProbeTarget.ownListener(address);
  targets.push(target);
  return target;
}

const aRequest = (overrides: Partial<ProbeRequest> = {}): ProbeRequest => ({
  method: 'GET',
  path: '/',
  signal: AbortSignal.timeout(5_000),
  ...overrides,
});

const textOf = (target: ProbeTarget, request = aRequest()): Promise<string> =>
  target.ask(request, ({ text }) => text());

const host = '127.0.0.1';

describe('who a probe asks', () => {
  it('is told by whom: the name under which denials are filtered', async () => {
    const port = await listening(({ headers }, response) => response.end(headers['user-agent']));
    expect(await textOf(own({ host, port }))).toBe('postern-prober');
  });

  it.each([
    ['0.0.0.0', 'http://127.0.0.1:8080'],
    ['::', 'http://[::1]:8080'],
    ['::1', 'http://[::1]:8080'],
    ['192.0.2.7', 'http://192.0.2.7:8080'],
  ])('is for a listener on %s %s', (address, origin) => {
    expect(own({ host: address, port: 8080 }).origin).toBe(origin);
  });

  it('knows whether others stand on the way', () => {
    targets.push(ProbeTarget.at('https://postern.example'));
    expect(targets[0]?.way).toBe('by-others');
    expect(own({ host, port: 1 }).way).toBe('direct');
  });

  it('does not follow a redirect', async () => {
    const port = await listening(({ url }, response) => {
      response.writeHead(url === '/' ? 302 : 200, { location: '/elsewhere' }).end();
    });
    const status = await own({ host, port }).ask(aRequest(), async (answer) => answer.status);
    expect(status).toBe(302);
  });

  it('reads no more than 64 KiB of an answer, and judges one that never ends', async () => {
    const port = await listening((_request, response) => {
      const more = (): void => {
        if (!response.destroyed) response.write('x'.repeat(16 * 1024), () => setImmediate(more));
      };
      more();
    });
    const target = own({ host, port });
    expect(await textOf(target)).toHaveLength(64 * 1024);
    expect(await target.ask(aRequest(), async ({ status }) => status)).toBe(200);
  });

  it.each([
    ['req_0123456789abcdefABCDEF', 'req_0123456789abcdefABCDEF'],
    ['pst_test_something-that-is-a-handle', undefined],
  ])('takes the correlation id %s for %s', async (sent, taken) => {
    const port = await listening((_request, response) => {
      response.setHeader('postern-correlation-id', sent).end();
    });
    const told = await own({ host, port }).ask(aRequest(), async (answer) => answer.correlationId);
    expect(told).toBe(taken);
  });

  it('gives up when it is told to', async () => {
    const port = await listening(() => undefined);
    const signal = AbortSignal.timeout(20);
    await expect(textOf(own({ host, port }), aRequest({ signal }))).rejects.toThrow('aborted');
  });
});

describe('a listener of our own over TLS', () => {
  async function serve(shown: TestCertificate, name: string): Promise<ListenAddress> {
    const [certificateFile, keyFile] = [join(folder, `${name}.pem`), join(folder, `${name}.key`)];
    writeFileSync(certificateFile, shown.pem);
    writeFileSync(keyFile, shown.keyPem);
    const answer: RequestListener = (_request, response) => response.end('secure');
    const port = await portOf(createTlsServer({ cert: shown.pem, key: shown.keyPem }, answer));
    return { host, port, tls: { certificateFile, keyFile, clientCertificates: 'off' } };
  }

  it('is believed by its very certificate, whoever issued it and for what name', async () => {
    const authority = await TestCertificate.selfSigned();
    const shown = await authority.issue({ authority: false, dnsNames: ['postern.example'] });
    expect(await textOf(own(await serve(shown, 'issued')))).toBe('secure');
  });

  it('is not believed by another certificate of the same authority', async () => {
    const authority = await TestCertificate.selfSigned();
    const names = { authority: false, dnsNames: ['postern.example'] };
    const address = await serve(await authority.issue(names), 'shown');
    const expected = await serve(await authority.issue(names), 'expected');
    const target = own({ ...expected, port: address.port });
    await expect(textOf(target)).rejects.toThrow('unable to');
  });

  it('is not believed when its certificate has expired', async () => {
    const shown = await TestCertificate.selfSigned({ notAfter: new Date('2024-01-01T00:00:00Z') });
    await expect(textOf(own(await serve(shown, 'expired')))).rejects.toThrow('expired');
  });
});
