import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect as connectPlain } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { Module } from '@nestjs/common';
import { TestCertificate } from '#testing';
import { ClientCertificates } from './client-certificates.js';
import { ConfigError } from './config-error.js';
import { type HttpRequest } from './http-exchange.js';
import { type HttpHost, startHttpHost } from './http-host.js';
import { type ListenerTls } from './postern-config.js';

@Module({})
class EmptyModule {}

const folder = mkdtempSync(join(tmpdir(), 'postern-tls-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (name: string, content: string): string => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};

let authority: TestCertificate;
let issuing: TestCertificate;
let svid: TestCertificate;
let tls: ListenerTls;
beforeAll(async () => {
  authority = await TestCertificate.selfSigned();
  const server = await authority.issue({ dnsNames: ['postern.test'] });
  issuing = await authority.intermediate();
  svid = await issuing.svid('spiffe://prod.example/ns/pay');
  tls = {
    certificateFile: file('server.pem', server.pem),
    keyFile: file('server.key', server.keyPem),
    clientCertificates: 'request',
  };
});

const hosts: HttpHost[] = [];
const sockets: TLSSocket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const host of hosts.splice(0)) await host.close(0);
});

/** A listener that tells what certificate it sees: of whom it answers, not by whom it was signed. */
async function start(
  changes: Partial<ListenerTls> = {},
  trustedProxies: readonly string[] = [],
): Promise<HttpHost> {
  const certificates = new ClientCertificates({
    trustedProxies,
    clientCertificateHeader: undefined,
  });
  const seen = (request: HttpRequest): unknown => {
    const presented = certificates.of(request);
    return presented && [presented.source, ...presented.chain.map((der) => der.toString('base64'))];
  };
  const host = await startHttpHost({
    module: EmptyModule,
    listen: { host: '127.0.0.1', port: 0, tls: { ...tls, ...changes } },
    before: (request, response) => {
      response.end(JSON.stringify(seen(request) ?? 'none'));
      return true;
    },
  });
  hosts.push(host);
  return host;
}

async function open(host: HttpHost, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const { port } = host.address;
  const socket = connect({
    host: '127.0.0.1',
    port,
    servername: 'postern.test',
    ca: authority.pem,
    ...options,
  });
  sockets.push(socket);
  await once(socket, 'secureConnect');
  return socket;
}

const REQUEST = 'GET / HTTP/1.1\r\nHost: postern.test\r\nConnection: close\r\n\r\n';
async function ask(socket: TLSSocket): Promise<unknown> {
  socket.write(REQUEST);
  const [head = '', body = ''] = (await text(socket)).split('\r\n\r\n');
  expect(head).toMatch(/^HTTP\/1\.1 200 /);
  return JSON.parse(body);
}

const presenting = (...chain: readonly TestCertificate[]): ConnectionOptions => ({
  cert: chain.map(({ pem }) => pem).join(''),
  key: chain[0]!.keyPem,
});
const seenAs = (...chain: readonly TestCertificate[]): unknown => [
  'socket',
  ...chain.map(({ der }) => der.toString('base64')),
];

describe('a listener with tls', () => {
  it('serves https, as the name of its certificate', async () => {
    const host = await start();
    expect(await ask(await open(host))).toBe('none');
    await expect(open(host, { servername: 'other.test' })).rejects.toThrow(/altnames/);
  });

  it.each(['off', 'request'] as const)(
    'speaks TLS 1.2 and 1.3 and nothing older, with client certificates %s',
    async (clientCertificates) => {
      const host = await start({ clientCertificates });
      const at = (version: 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3'): Promise<TLSSocket> =>
        open(host, {
          minVersion: version,
          maxVersion: version,
          ciphers: 'DEFAULT:@SECLEVEL=0',
        });
      expect((await at('TLSv1.2')).getProtocol()).toBe('TLSv1.2');
      expect((await at('TLSv1.3')).getProtocol()).toBe('TLSv1.3');
      await expect(at('TLSv1.1')).rejects.toThrow(/alert protocol version/);
    },
  );

  it('serves nothing without TLS', async () => {
    const host = await start();
    const plain = connectPlain(host.address.port, '127.0.0.1');
    plain.write(REQUEST);
    expect(await text(plain)).not.toMatch(/200|none/);
    expect(await ask(await open(host))).toBe('none');
  });

  it('ends in order', async () => {
    const host = await start();
    const socket = await open(host);
    const ended = once(socket.resume(), 'close');
    await host.close(1_000);
    await ended;
    hosts.splice(0);
  });
});

describe('a client certificate in the handshake', () => {
  it('C-05: is the one that the caller presents', async () => {
    expect(await ask(await open(await start(), presenting(svid)))).toEqual(seenAs(svid));
  });

  it.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'C-05: comes with its intermediates, also when the session is resumed: %s',
    async (version) => {
      const host = await start();
      const options = {
        ...presenting(svid, issuing),
        minVersion: version,
        maxVersion: version,
      } as const;
      const first = await open(host, options);
      const sessions: Buffer[] = [];
      first.on('session', (session) => sessions.push(session));
      const agreed = first.getSession(); // TLS 1.3 sends another one later.
      expect(await ask(first)).toEqual(seenAs(svid, issuing));
      const session = sessions[0] ?? agreed;
      const second = await open(host, { ...options, ...(session && { session }) });
      expect(await ask(second)).toEqual(seenAs(svid, issuing));
    },
  );

  it('C-05: is none of a caller that presents none, who is served all the same', async () => {
    expect(await ask(await open(await start()))).toBe('none');
  });

  it('C-05: is seen whoever signed it: what it is worth is decided later', async () => {
    const own = await TestCertificate.selfSigned({ authority: false });
    expect(await ask(await open(await start(), presenting(own)))).toEqual(seenAs(own));
  });

  it('C-05: is not asked for when it is off', async () => {
    const host = await start({ clientCertificates: 'off' });
    expect(await ask(await open(host, presenting(svid)))).toBe('none');
  });

  it('C-05: is that of the proxy, and not of its caller, when a trusted proxy presents it', async () => {
    const host = await start({}, ['127.0.0.0/8']);
    expect(await ask(await open(host, presenting(svid)))).toBe('none');
  });

  it('C-05: holds for the connection: TLS 1.2 does not negotiate anew', async () => {
    const socket = await open(await start(), { ...presenting(svid), maxVersion: 'TLSv1.2' });
    const error = await new Promise<Error | null>((resolve) => {
      socket.once('error', resolve);
      socket.renegotiate({}, resolve);
    });
    expect(error?.message).toMatch(/renegotiation/i);
  });
});

describe('a file of tls that cannot be used', () => {
  const refuses = async (changes: () => Partial<ListenerTls>, problem: RegExp): Promise<void> => {
    const started = start(changes());
    await expect(started).rejects.toThrow(ConfigError);
    await expect(started).rejects.toThrow(problem);
  };

  it.each<[string, () => Partial<ListenerTls>, RegExp]>([
    [
      'an absent certificate',
      () => ({ certificateFile: join(folder, 'absent.pem') }),
      /absent\.pem: cannot be read \(ENOENT\)/,
    ],
    [
      'an absent key',
      () => ({ keyFile: join(folder, 'absent.key') }),
      /absent\.key: cannot be read \(ENOENT\)/,
    ],
    ['a folder', () => ({ keyFile: folder }), /cannot be read \(EISDIR\)/],
    [
      'what is no certificate',
      () => ({ certificateFile: file('text.pem', 'hello') }),
      /text\.pem: holds no certificate in PEM form/,
    ],
    [
      'what is no key',
      () => ({ keyFile: tls.certificateFile }),
      /server\.pem: holds no private key in PEM form without a passphrase/,
    ],
    [
      'a key with a passphrase',
      () => ({ keyFile: file('sealed.key', sealedKey()) }),
      /sealed\.key: holds no private key in PEM form without a passphrase/,
    ],
    [
      'the key of another certificate',
      () => ({ keyFile: file('other.key', svid.keyPem) }),
      /other\.key: is not the key of the first certificate in .*server\.pem/,
    ],
  ])('refuses the start and is named: %s', async (_, changes, problem) => {
    await refuses(changes, problem);
  });

  const sealedKey = (): string =>
    generateKeyPairSync('ec', {
      namedCurve: 'P-256',
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: {
        type: 'pkcs8',
        format: 'pem',
        cipher: 'aes-256-cbc',
        passphrase: 'passphrase',
      },
    }).privateKey;
});
