import { once } from 'node:events';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { Module } from '@nestjs/common';
import { FixedClock, TestCertificate } from '#testing';
import { HealthRegistry } from './health.js';
import { type HttpRequest, type HttpResponse } from './http-exchange.js';
import { type HttpHost, startHttpHost } from './http-host.js';
import { ListenerCertificates } from './listener-certificates.js';
import { createLogger } from './logger.js';
import { Metrics } from './metrics.js';

@Module({})
class EmptyModule {}

const folder = mkdtempSync(join(tmpdir(), 'postern-renewal-'));
const certificateFile = join(folder, 'server.pem');
const keyFile = join(folder, 'server.key');

let authority: TestCertificate;
let first: TestCertificate;
let second: TestCertificate;
beforeAll(async () => {
  authority = await TestCertificate.selfSigned();
  first = await authority.issue({ dnsNames: ['postern.test'] });
  second = await authority.issue({ dnsNames: ['postern.test'] });
});
afterAll(() => rmSync(folder, { recursive: true }));

const write = (certificate: string, key: string): void => {
  writeFileSync(certificateFile, certificate);
  writeFileSync(keyFile, key);
};

interface Listening {
  readonly host: HttpHost;
  readonly certificates: ListenerCertificates;
  readonly lines: string[];
  readonly trouble: () => Promise<string | undefined>;
  readonly gauge: (name: string) => Promise<number>;
}

const listening: Listening[] = [];
const sockets: TLSSocket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const { host } of listening.splice(0)) await host.close(0);
});

async function start({
  everyMs = 3_600_000,
  now = '2026-11-21T12:00:00Z',
} = {}): Promise<Listening> {
  write(first.pem, first.keyPem);
  const [health, metrics, lines]: [HealthRegistry, Metrics, string[]] = [
    new HealthRegistry(),
    new Metrics(),
    [],
  ];
  health.enter('serving');
  const log = createLogger({ name: 'x', level: 'info', write: (line) => void lines.push(line) });
  const clock = new FixedClock(new Date(now));
  const certificates = new ListenerCertificates({ clock, log, health, metrics, everyMs });
  const host = await startHttpHost({
    module: EmptyModule,
    listen: {
      ...{ host: '127.0.0.1', port: 0 },
      tls: { certificateFile, keyFile, clientCertificates: 'request' },
    },
    certificate: certificates.of('public'),
    before: answered,
  });
  const started = {
    ...{ host, certificates, lines },
    trouble: async () => (await health.readiness()).checks[0]?.reason,
    gauge: async (name: string) => {
      const line = new RegExp(`^postern_${name}\\{listener="public"\\} (\\S+)$`, 'm');
      return Number(line.exec(await metrics.text())?.[1]);
    },
  };
  listening.push(started);
  return started;
}

const answered = (request: HttpRequest, response: HttpResponse): boolean => {
  request.resume().on('end', () => response.end('served'));
  return true;
};

async function open(host: HttpHost, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const [servername, ca] = ['postern.test', authority.pem];
  const socket = connect({
    ...{ host: '127.0.0.1', port: host.address.port, servername, ca },
    ...options,
  });
  sockets.push(socket);
  await once(socket, 'secureConnect');
  return socket;
}

const shown = (socket: TLSSocket): string =>
  Buffer.from(socket.getPeerCertificate().raw).toString('base64');
const seenBy = async (host: HttpHost): Promise<string> => shown(await open(host));
const as = (certificate: TestCertificate): string => certificate.der.toString('base64');

describe('the certificate of a listener', () => {
  it('is renewed for new connections, and one that was open before goes on', async () => {
    const { host, certificates, lines } = await start();
    const before = await open(host);
    expect(shown(before)).toBe(as(first));
    write(second.pem, second.keyPem);
    await certificates.reload();
    expect(await seenBy(host)).toBe(as(second));
    before.write('GET / HTTP/1.1\r\nHost: postern.test\r\nConnection: close\r\n\r\n');
    expect(await text(before)).toMatch(/^HTTP\/1\.1 200 [^]*served/);
    expect(lines.join()).toMatch(/a renewed certificate is served/);
    expect(lines.join()).not.toContain('PRIVATE KEY');
  });

  it('is renewed by itself when its files change', async () => {
    const { host } = await start({ everyMs: 20 });
    write(second.pem, second.keyPem);
    const deadline = AbortSignal.timeout(10_000);
    while ((await seenBy(host)) !== as(second)) deadline.throwIfAborted();
    expect(await seenBy(host)).toBe(as(second));
  });

  it('is renewed when the files are put in place by renaming, as certbot and Kubernetes do', async () => {
    const { host, certificates } = await start();
    writeFileSync(join(folder, 'next.pem'), second.pem);
    writeFileSync(join(folder, 'next.key'), second.keyPem);
    renameSync(join(folder, 'next.pem'), certificateFile);
    renameSync(join(folder, 'next.key'), keyFile);
    await certificates.reload();
    expect(await seenBy(host)).toBe(as(second));
  });

  it('fails no request while it changes under load', async () => {
    const { host, certificates } = await start();
    const agents = [new Agent({ keepAlive: true, maxSockets: 4 }), new Agent({ keepAlive: false })];
    const outcomes: string[] = [];
    const ask = (agent: Agent): Promise<string> =>
      new Promise((resolve, reject) => {
        const options = { agent, port: host.address.port, servername: 'postern.test' };
        httpsRequest({ ...options, host: '127.0.0.1', ca: authority.pem, method: 'POST' })
          .on('response', (response) => void text(response).then(resolve, reject))
          .on('error', reject)
          .end('x'.repeat(1_000));
      });
    const load = agents
      .flatMap((agent) => [agent, agent, agent])
      .map(async (agent) => {
        for (let turn = 0; turn < 40; turn += 1) outcomes.push(await ask(agent));
      });
    for (let turn = 0; turn < 10; turn += 1) {
      const next = turn % 2 === 0 ? second : first;
      write(next.pem, next.keyPem);
      await certificates.reload();
    }
    await Promise.all(load);
    for (const agent of agents) agent.destroy();
    expect(outcomes).toEqual(Array.from({ length: 240 }, () => 'served'));
  });

  it('asks for client certificates as before, and does not negotiate anew', async () => {
    const { host, certificates } = await start();
    write(second.pem, second.keyPem);
    await certificates.reload();
    const socket = await open(host, { maxVersion: 'TLSv1.2' });
    const error = await new Promise<Error | null>((resolve) => {
      socket.once('error', resolve);
      socket.renegotiate({}, resolve);
    });
    expect(error?.message).toMatch(/renegotiation/i);
    await expect(
      open(host, { maxVersion: 'TLSv1.1', minVersion: 'TLSv1.1', ciphers: 'DEFAULT:@SECLEVEL=0' }),
    ).rejects.toThrow(/alert protocol version/);
  });

  it('tells when it expires, and when that is near', async () => {
    const { certificates, gauge, trouble } = await start();
    const name = 'listener_certificate_expires_at_seconds';
    expect(await gauge(name)).toBe(Date.parse('2049-01-01T00:00:00Z') / 1_000);
    expect(await trouble()).toBeUndefined();
    const soon = await authority.issue({ notAfter: new Date('2026-11-23T00:00:00Z') });
    write(soon.pem, soon.keyPem);
    await certificates.reload();
    expect(await gauge(name)).toBe(Date.parse('2026-11-23T00:00:00Z') / 1_000);
    expect(await trouble()).toBe('expires within 3 days');
  });

  it('is told to have expired, and is served all the same', async () => {
    const { host, trouble } = await start({ now: '2049-02-01T00:00:00Z' });
    expect(await trouble()).toBe('has expired');
    expect(await seenBy(host)).toBe(as(first));
  });
});

describe('a pair that cannot be served', () => {
  it.each<[string, () => Promise<void> | void, RegExp]>([
    ['a key of another', () => write(second.pem, first.keyPem), /is not the key of/],
    ['no certificate', () => write('hello', second.keyPem), /holds no certificate/],
    ['a certificate cut short', () => write(second.pem.slice(0, 200), second.keyPem), /holds no/],
    ['no key', () => write(second.pem, ''), /holds no private key/],
    ['no file', () => rmSync(certificateFile), /cannot be read \(ENOENT\)/],
    ['a huge file', () => write(second.pem, 'x'.repeat(300_000)), /is larger than 262144 bytes/],
    [
      'a chain that breaks off',
      () =>
        write(
          `${second.pem}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`,
          second.keyPem,
        ),
      /holds what OpenSSL does not serve/,
    ],
    [
      'a certificate of tomorrow',
      async () => {
        const later = await authority.issue({ notBefore: new Date('2026-11-22T00:00:00Z') });
        write(later.pem, later.keyPem);
      },
      /is not valid now, by its dates/,
    ],
  ])('leaves the last good one in place and is told of once: %s', async (_, spoil, problem) => {
    const { host, certificates, lines, trouble, gauge } = await start();
    await spoil();
    await certificates.reload();
    await certificates.reload();
    expect(await seenBy(host)).toBe(as(first));
    expect(await trouble()).toMatch(problem);
    expect(await gauge('listener_certificate_reload_refused')).toBe(1);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(problem);
  });

  it('is forgotten when the next one is good', async () => {
    const { host, certificates, trouble, gauge } = await start();
    write(second.pem, first.keyPem);
    await certificates.reload();
    write(second.pem, second.keyPem);
    await certificates.reload();
    expect(await seenBy(host)).toBe(as(second));
    expect(await trouble()).toBeUndefined();
    expect(await gauge('listener_certificate_reload_refused')).toBe(0);
  });
});
