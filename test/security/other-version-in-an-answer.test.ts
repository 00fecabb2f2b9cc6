import { type ServerResponse } from 'node:http';
import { until } from '../support/until.js';
import { LegacyAccount, ManagedPath, NEW, OLD } from './managed-path.js';
import { OpenCall } from './open-call.js';
import { handshake, SocketBackend, SocketCaller } from './websocket-path.js';

const ACCOUNT = '/proxy/ledger/accounts/42';
const encoded = (value: string): string => Buffer.from(`ledger-svc:${value}`).toString('base64');

// Many a console shows the requests of others, with their headers.
describe('a legacy system that shows what others sent', () => {
  let legacy: LegacyAccount;
  let managed: ManagedPath;
  beforeEach(() => {
    legacy = new LegacyAccount(OLD, NEW);
  });
  afterEach(() => managed.stop());

  const promote = async (): Promise<void> => {
    await managed.put({ currentVersion: 2, fallbackVersion: 1, epoch: 2, state: 'rotating' });
    await until('it was read', () =>
      managed.path.parts.credentials.versionsInUse().some(({ version }) => version === 2),
    );
  };

  it('shows the new password in no stream that began before the rotation', async () => {
    const streams: ServerResponse[] = [];
    legacy.respond = (_, response) => {
      streams.push(response);
      response.write('begun\n');
    };
    managed = await ManagedPath.start({ respond: legacy.judge });
    const { plaintext } = await managed.path.parts.issue();
    const stream = OpenCall.begin(managed.path.port, ACCOUNT, plaintext);
    await until('it streams', () => stream.body !== '');
    await promote();
    legacy.respond = (_, response) => response.end('ok');
    expect((await managed.path.call(ACCOUNT)).status).toBe(200);
    streams[0]?.write(`seen: ${NEW} ${encoded(NEW)} ${encoded(OLD)}\n`);
    await until('it came', () => stream.body.length > 100);
    expect(stream.body).toMatch(/^begun\nseen: \*+ \*+ \*+\n$/);
    stream.abort();
  });

  it('shows it in none either when calls of other proxies alone used it', async () => {
    const streams: ServerResponse[] = [];
    legacy.respond = (_, response) => {
      streams.push(response);
      response.write('begun\n');
    };
    managed = await ManagedPath.start({ respond: legacy.judge });
    const { plaintext } = await managed.path.parts.issue();
    const stream = OpenCall.begin(managed.path.port, ACCOUNT, plaintext);
    await until('it streams', () => stream.body !== '');
    await promote();
    await until('it is hidden', () => {
      const before = stream.body.length;
      streams[0]?.write(`${NEW} `);
      return before > 10 && stream.body.endsWith(`${'*'.repeat(NEW.length)} `);
    });
    stream.abort();
  });

  it('shows it in no WebSocket that began before the rotation', async () => {
    const sockets = await SocketBackend.start();
    managed = await ManagedPath.start({
      registration: { destination: `${sockets.origin}/api` },
      policy: { scopes: { 'ledger.read': ['UPGRADE /stream/{id}'] } },
    });
    const { plaintext } = await managed.path.parts.issue();
    const caller = SocketCaller.open(managed.path.port, handshake(`Bearer ${plaintext}`));
    await until('an answer', () => caller.answer.includes('\r\n\r\n'));
    await promote();
    await until('it is hidden', () => {
      caller.send(NEW); // It is sent back.
      return caller.texts.includes('*'.repeat(NEW.length));
    });
    caller.socket.destroy();
    await sockets.stop();
  });

  it('shows the old one in no answer for as long as it is good', async () => {
    managed = await ManagedPath.start({ respond: legacy.judge });
    expect((await managed.path.call(ACCOUNT)).status).toBe(200);
    await promote();
    legacy.respond = (_, response) => response.end(`last: ${encoded(OLD)}`);
    const answer = await managed.path.call(ACCOUNT);
    expect([answer.status, answer.body]).toEqual([200, `last: ${'*'.repeat(encoded(OLD).length)}`]);
    expect(legacy.tried).toEqual([OLD, NEW]);
  });

  it('shows what was the password once a rotation has ended: it is nowhere in memory', async () => {
    managed = await ManagedPath.start({ respond: legacy.judge });
    expect((await managed.path.call(ACCOUNT)).status).toBe(200);
    await promote();
    await managed.put({ fallbackVersion: undefined, retiredVersion: 1, state: 'active' });
    legacy.respond = (_, response) => response.end(OLD);
    await until('it is forgotten', () =>
      managed.path.call(ACCOUNT).then(({ body }) => body === OLD),
    );
    expect(managed.path.parts.credentials.versionsInUse()).toMatchObject([{ version: 2 }]);
  });
});
