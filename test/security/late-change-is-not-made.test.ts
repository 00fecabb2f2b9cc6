import { createServer, connect, type AddressInfo, type Server } from 'node:net';
import { once } from 'node:events';
import { performance } from 'node:perf_hooks';
import { setImmediate as turn } from 'node:timers/promises';
import { jest } from '@jest/globals';
import { changeSender, type ChangerSettings, credentialChanger } from '#adapters/changers';
import { Secret, SystemClock } from '#kernel';
import { type SecretFields, TargetUnreachable } from '#rotation';
import { accountFields, aProxiedResource } from '#testing';

/**
 * A change that nobody waits for any more would take the place of a value that calls use by then. What comes before it may
 * take long: the privileged account is read from a secret store, which may answer after half a minute.
 */
describe('a change whose time is over before it is begun', () => {
  const BY = { ref: { mount: 'secret', path: 'postern/admin' } };
  const change = { current: accountFields('svc', 'one'), next: accountFields('svc', 'two') };
  const admin: SecretFields = new Map([
    ['username', Secret.of('cn=boss')],
    ['password', Secret.of('a-word-of-some-length')],
  ]);
  const kinds = ['postgres', 'mariadb', 'redis', 'ldap', 'http'] as const;
  let server: Server;
  let port: number;
  let connections: number;

  beforeEach(async () => {
    connections = 0;
    server = createServer((socket) => {
      connections += 1;
      socket.on('error', () => undefined).destroy();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    ({ port } = server.address() as AddressInfo);
  });
  afterEach(() => {
    jest.useRealTimers();
    jest.restoreAllMocks();
    server.close();
  });

  const settingsOf = (as: (typeof kinds)[number]): ChangerSettings => {
    const fields = { username: 'username', password: 'password' };
    const shared = { slots: 'single' as const, fields, by: BY, tls: 'off' as const };
    if (as === 'ldap') {
      const [url, dn] = [`ldap://127.0.0.1:${port}`, 'uid={{username}},dc=example'];
      return { ...shared, as, url, dn };
    }
    if (as !== 'http') return { ...shared, as, host: '127.0.0.1', port };
    const request = {
      ...{ method: 'POST' as const, path: '/password', type: 'form' as const, expect: [200] },
      fields: { new: '{{next.password}}' },
    };
    return { slots: 'single', fields, by: BY, as, request };
  };
  const changerOf = (as: (typeof kinds)[number], read: () => Promise<SecretFields>) => {
    const resource = aProxiedResource({ destination: `http://127.0.0.1:${port}` });
    return credentialChanger(settingsOf(as), {
      read,
      send: changeSender({ resource, clock: new SystemClock() }),
    });
  };
  /** Whoever began to connect before is known to the server when this one is. */
  const allConnected = async (): Promise<number> => {
    for (let turns = 0; turns < 50; turns += 1) await turn();
    const last = connect(port, '127.0.0.1');
    await once(last, 'close');
    return connections - 1;
  };

  it.each(kinds)('is begun in time (%s)', async (as) => {
    await expect(changerOf(as, async () => admin).apply(change)).rejects.toThrow(TargetUnreachable);
    expect(await allConnected()).toBe(1);
  });

  it.each(kinds)('is not begun when the privileged account was read too late (%s)', async (as) => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'performance'] });
    let arrive = (_: SecretFields): void => undefined;
    const read = () => new Promise<SecretFields>((resolve) => (arrive = resolve));
    const applied = changerOf(as, read).apply(change);
    const refused = expect(applied).rejects.toThrow(TargetUnreachable);
    await jest.advanceTimersByTimeAsync(9_001);
    await refused;
    jest.useRealTimers();
    arrive(admin);
    expect(await allConnected()).toBe(0);
  });

  it.each(kinds)('is not begun by a process that stood still meanwhile (%s)', async (as) => {
    const now = performance.now.bind(performance);
    let stoodMs = 0;
    jest.spyOn(performance, 'now').mockImplementation(() => now() + stoodMs);
    const applied = changerOf(as, async () => {
      stoodMs = 60_000; // No timer has run yet when it goes on.
      return admin;
    }).apply(change);
    await expect(applied).rejects.toThrow(TargetUnreachable);
    expect(await allConnected()).toBe(0);
  });
});
