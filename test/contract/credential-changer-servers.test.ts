import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { type ChangerSettings } from '#adapters/changers';
import { CHANGE_MS_MAX, ChangeRefused, TargetUnreachable } from '#rotation';
import { accountFields } from '#testing';
import {
  describeWithServer,
  LDAP_CHANGER,
  LDAP_SERVICES,
  LegacyPostgres,
  MariaDb,
  Redis,
  Slapd,
} from '#test-support';
import { BY, changerOf, FIELDS } from './changer-fixture.js';

const random = (): string => randomBytes(12).toString('hex');
const aChange = (username = `svc-${random()}`) => ({
  current: accountFields(username, random()),
  next: accountFields(username, random()),
});
const textOf = (change: ReturnType<typeof aChange>) => ({
  username: change.current.get('username')!.reveal(),
  password: change.current.get('password')!.reveal(),
  next: change.next.get('password')!.reveal(),
});
const refusal = (errorClass: string) =>
  expect.objectContaining({ code: 'change-refused', errorClass }) as unknown;

describeWithServer('a PostgreSQL whose roles are changed', 'postgres-18', () => {
  let server: LegacyPostgres;
  let settings: ChangerSettings;
  beforeAll(async () => {
    server = await LegacyPostgres.start();
    const { host, port } = server;
    settings = { as: 'postgres', slots: 'single', fields: FIELDS, by: BY, host, port, tls: 'off' };
  }, 180_000);
  afterAll(() => server.stop());

  it('gets no password of a server that would store MD5 digests', async () => {
    const change = aChange();
    const { username, password, next } = textOf(change);
    await server.createAccount({ username, password });
    const admin = { username: `md5-${random()}`, password: random() };
    await server.execute(
      `CREATE ROLE "${admin.username}" SUPERUSER LOGIN PASSWORD '${admin.password}'`,
    );
    await server.execute(`ALTER ROLE "${admin.username}" SET password_encryption = 'md5'`);
    await expect(changerOf(settings, admin).apply(change)).rejects.toEqual(
      refusal('password_encryption'),
    );
    expect(await server.canLogIn({ username, password })).toBe(true);
    expect(await server.canLogIn({ username, password: next })).toBe(false);
  });

  it('is told nothing about a name that it would cut off, and that then is of another role', async () => {
    const cut = 'r'.repeat(63);
    const change = aChange(`${cut}x`);
    const victim = { username: cut, password: random() };
    await server.createAccount(victim);
    await expect(changerOf(settings, server.admin).apply(change)).rejects.toEqual(
      refusal('username_unusable'),
    );
    expect(await server.canLogIn(victim)).toBe(true);
  });

  it('does not change the password later when it was locked for too long', async () => {
    const change = aChange();
    const { username, password, next } = textOf(change);
    await server.createAccount({ username, password });
    const { host, port, database, admin } = server;
    const holder = new pg.Client({
      ...{ host, port, database, user: admin.username, password: admin.password },
    });
    await holder.connect();
    await holder.query('BEGIN');
    await holder.query(`ALTER ROLE "${username}" CONNECTION LIMIT 50`);
    const begunMs = performance.now();
    await expect(changerOf(settings, admin).apply(change)).rejects.toThrow(TargetUnreachable);
    expect(performance.now() - begunMs).toBeLessThan(CHANGE_MS_MAX);
    await holder.query('ROLLBACK');
    await holder.end();
    expect(await server.canLogIn({ username, password })).toBe(true);
    expect(await server.canLogIn({ username, password: next })).toBe(false);
  });

  it('says by its code that the account may not change others', async () => {
    const change = aChange();
    const { username, password } = textOf(change);
    await server.createAccount({ username, password });
    const nobody = { username: `nobody-${random()}`, password: random() };
    await server.createAccount(nobody);
    await expect(changerOf(settings, nobody).apply(change)).rejects.toEqual(
      refusal('postgres_42501'),
    );
  });
});

describeWithServer('a MariaDB whose accounts are changed', 'mariadb', () => {
  it.each(['', 'NO_BACKSLASH_ESCAPES', 'ANSI_QUOTES'])(
    'takes names with quotes and backslashes as they are with sql_mode %j',
    async (mode) => {
      const server = await MariaDb.start({ admin: { username: 'boss', password: random() } });
      const change = aChange(`a\\'b"c\`d--`);
      const { username, password, next } = textOf(change);
      await server.createAccount({ username, password });
      await server.execute(`SET GLOBAL sql_mode = '${mode}'`);
      const { host, port, admin } = server;
      await changerOf(
        { as: 'mariadb', slots: 'single', fields: FIELDS, by: BY, host, port, tls: 'off' },
        admin,
      ).apply(change);
      expect(await server.canLogIn({ username, password: next })).toBe(true);
      await server.stop();
    },
  );
});

describeWithServer('a Redis whose users are changed', 'redis', () => {
  const admin = { username: 'boss', password: random() };
  const settingsOf = (server: Redis, persist: 'aclfile' | 'config' | 'off'): ChangerSettings => ({
    ...{ as: 'redis', slots: 'dual', fields: FIELDS, by: BY, tls: 'off', persist },
    ...{ host: server.host, port: server.port },
  });

  it.each([
    ['aclfile', true],
    ['config', false],
  ] as const)('knows the new password after a crash (%s)', async (persist, aclFile) => {
    const server = await Redis.start({ admin, aclFile });
    const change = aChange();
    const { username, password, next } = textOf(change);
    await server.createAccount({ username, password });
    await changerOf(settingsOf(server, persist), admin).apply(change);
    await server.process.kill();
    await server.process.restart();
    expect(await server.canLogIn({ username, password })).toBe(true);
    expect(await server.canLogIn({ username, password: next })).toBe(true);
    expect(server.kept).not.toContain(next);
    await server.stop();
  });

  it('is not changed when it could not keep the change', async () => {
    const server = await Redis.start({ admin, aclFile: false });
    const change = aChange();
    const { username, password, next } = textOf(change);
    await server.createAccount({ username, password });
    await expect(changerOf(settingsOf(server, 'aclfile'), admin).apply(change)).rejects.toEqual(
      refusal('redis_ERR'),
    );
    expect(await server.canLogIn({ username, password: next })).toBe(false);
    await changerOf(settingsOf(server, 'off'), admin).apply(change);
    expect(await server.canLogIn({ username, password: next })).toBe(true);
    await server.stop();
  });
});

describeWithServer('a directory whose entries are changed', 'slapd', () => {
  let server: Slapd;
  const password = random();
  const admin = { username: LDAP_CHANGER, password };
  beforeAll(async () => {
    server = await Slapd.start({ adminPassword: password });
  });
  afterAll(() => server.stop());
  const settings = (): ChangerSettings => ({
    ...{ as: 'ldap', slots: 'dual', fields: FIELDS, by: BY, tls: 'off', url: server.url },
    dn: `uid={{username}},${LDAP_SERVICES}`,
  });

  it('keeps one value of a password that is added twice, and one in all when the old one is retired', async () => {
    const change = aChange();
    const { username, password: current } = textOf(change);
    await server.createAccount({ username, password: current });
    const changer = changerOf(settings(), admin);
    await changer.apply(change);
    await changer.apply(change);
    expect(await server.kept(server.dnOf(username))).toHaveLength(2);
    await changer.retire({ old: change.current, current: change.next });
    expect(await server.kept(server.dnOf(username))).toEqual([
      expect.stringMatching(/^\{SSHA\}[A-Za-z0-9+/]+={0,2}$/),
    ]);
  });

  it('is not asked with a user name that is no DN where none is made of it', async () => {
    const asDn = { ...settings(), dn: undefined } as ChangerSettings;
    await expect(changerOf(asDn, admin).apply(aChange('EXTERNAL'))).rejects.toThrow(ChangeRefused);
  });
});
