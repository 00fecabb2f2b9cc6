import { writeFileSync, mkdtempSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { text } from 'node:stream/consumers';
import { TestCertificate } from '#testing';
import { CallPath } from './call-path.js';

const NAME = 'ledger.test';
const EVIL = 'evil.example';

/**
 * SNI, CONNECT and Host that name different hosts: OpenSandbox #1193, vm0 #14412. What the caller says in any of the three
 * places decides nothing: all three are those of the registration.
 */
describe('the host of a destination behind TLS', () => {
  const names: (string | false)[] = [];
  const hosts: (string | undefined)[] = [];
  let backend: Server;
  let path: CallPath;
  let authority: TestCertificate;

  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'postern-sni-'));
    const file = (name: string, pem: string): string => {
      writeFileSync(join(folder, name), pem);
      return join(folder, name);
    };
    authority = await TestCertificate.selfSigned({ subject: 'CN=authority' });
    const server = await authority.issue({ dnsNames: [NAME] });
    backend = createServer({ cert: server.pem, key: server.keyPem }, (request, response) => {
      names.push((request.socket as TLSSocket).servername ?? '');
      hosts.push(request.headers.host);
      response.end('ok');
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => backend.once('listening', resolve));
    const caFile = file('ca.pem', authority.pem);
    path = await CallPath.start({
      registration: { destination: origin(), tls: { caFile, serverName: NAME } },
      tls: {
        certificateFile: file('server.pem', server.pem),
        keyFile: file('server.key', server.keyPem),
        clientCertificates: 'off',
      },
    });
  });
  afterAll(async () => {
    await path.stop();
    backend.closeAllConnections();
    backend.close();
  });

  const origin = (): string => `https://127.0.0.1:${(backend.address() as AddressInfo).port}`;
  const host = (): string => origin().slice('https://'.length);

  /** Over a connection that was opened for `servername`. */
  async function sent(servername: string, head: string): Promise<string> {
    const { plaintext } = await path.parts.issue();
    const socket = connect({
      port: path.port,
      host: '127.0.0.1',
      servername,
      ca: authority.pem,
      checkServerIdentity: () => undefined,
    });
    socket.write(`${head}Authorization: Bearer ${plaintext}\r\nConnection: close\r\n\r\n`);
    return text(socket);
  }

  it.each([
    ['its own name in both', NAME, NAME],
    ['another in SNI', EVIL, NAME],
    ['another in Host', NAME, EVIL],
    ['another in both', EVIL, `${EVIL}:443`],
    ['a Host that is an address', NAME, '169.254.169.254'],
    ['an empty Host', NAME, ''],
  ])('is that of the registration for a caller with %s', async (_, sni, hostHeader) => {
    const answer = await sent(
      sni,
      `GET /proxy/ledger/accounts/42 HTTP/1.1\r\nHost: ${hostHeader}\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(hosts.at(-1)).toBe(host());
    expect(new Set(names)).toEqual(new Set([NAME]));
  });

  it.each([
    ['CONNECT', () => `CONNECT ${EVIL}:443 HTTP/1.1\r\nHost: ${EVIL}:443\r\n`],
    ['CONNECT to the destination', () => `CONNECT ${host()} HTTP/1.1\r\nHost: ${host()}\r\n`],
    [
      'a target with a host of its own',
      () => `GET https://${EVIL}/proxy/ledger/accounts/42 HTTP/1.1\r\nHost: ${NAME}\r\n`,
    ],
    [
      'the same host in target and Host',
      () => `GET https://${EVIL}/proxy/ledger/accounts/42 HTTP/1.1\r\nHost: ${EVIL}\r\n`,
    ],
    [
      'two Hosts',
      () => `GET /proxy/ledger/accounts/42 HTTP/1.1\r\nHost: ${NAME}\r\nHost: ${EVIL}\r\n`,
    ],
  ])('is not asked for by %s: 400, and nothing is sent', async (_, head) => {
    const before = hosts.length;
    expect(await sent(NAME, head())).toMatch(/^HTTP\/1\.1 400 /);
    expect(hosts).toHaveLength(before);
  });
});
