import { randomBytes } from 'node:crypto';
import {
  ApacheLdap,
  basicFront,
  type BasicFront,
  describeWithServer,
  HtpasswdSite,
  LegacyPostgres,
  type LegacyAccount,
  MariaDb,
  Redis,
  Slapd,
} from '#test-support';

const random = (): string => randomBytes(12).toString('hex');

/** One way in, and what an administrator does behind it. */
interface Front {
  readonly origin: string;
  createAccount(account: LegacyAccount): Promise<void>;
  setPassword(account: LegacyAccount): Promise<void>;
  /** What is answered when the server behind it is gone. */
  readonly whenGone: number | undefined;
  stopServer(): Promise<void>;
  close(): Promise<void>;
}

const statusAt = async (
  { origin }: Front,
  { username, password }: LegacyAccount,
): Promise<number> => {
  const pair = Buffer.from(`${username}:${password}`).toString('base64');
  const answer = await fetch(`${origin}/accounts/42`, {
    headers: { authorization: `Basic ${pair}` },
  });
  await answer.arrayBuffer();
  return answer.status;
};

/** Fronts that chaos tests call through: what they say must be what the server behind them says now. */
function frontTests(make: () => Promise<Front>): void {
  let front: Front;
  beforeAll(async () => {
    front = await make();
  }, 180_000);
  afterAll(() => front.close());

  it('lets in who has the password, at once after it was changed, and nobody else', async () => {
    const account = { username: `svc-${random()}`, password: random() };
    const changed = { ...account, password: random() };
    await front.createAccount(account);
    expect(await statusAt(front, account)).toBe(200);
    expect(await statusAt(front, changed)).toBe(401);
    await front.setPassword(changed);
    expect(await statusAt(front, account)).toBe(401);
    expect(await statusAt(front, changed)).toBe(200);
    expect((await fetch(`${front.origin}/accounts/42`)).status).toBe(401);
  });

  it('takes many at once, each by what it has', async () => {
    const account = { username: `svc-${random()}`, password: random() };
    await front.createAccount(account);
    const asked = Array.from({ length: 40 }, (_, index) =>
      statusAt(front, index % 2 === 0 ? account : { ...account, password: random() }),
    );
    const statuses = await Promise.all(asked);
    expect(statuses.every((status, index) => status === (index % 2 === 0 ? 200 : 401))).toBe(true);
  });

  it('does not say that the password is wrong when the server is gone', async () => {
    await front.stopServer();
    if (front.whenGone === undefined) return;
    expect(await statusAt(front, { username: 'svc', password: random() })).toBe(front.whenGone);
  });
}

interface Behind {
  readonly host: string;
  readonly port: number;
  createAccount(account: LegacyAccount): Promise<void>;
  stop(): Promise<void>;
}

const behind = (front: BasicFront, server: Behind, setPassword: Front['setPassword']): Front => ({
  origin: front.origin,
  createAccount: (account) => server.createAccount(account),
  setPassword,
  whenGone: 503,
  stopServer: () => server.stop(),
  close: () => front.stop(),
});

describeWithServer('the front of PostgreSQL', 'postgres-18', () => {
  frontTests(async () => {
    const server = await LegacyPostgres.start();
    return behind(await basicFront('postgres', server), server, async ({ username, password }) => {
      await server.execute(`ALTER ROLE "${username}" PASSWORD '${password}'`);
    });
  });
});

describeWithServer('the front of MariaDB', 'mariadb', () => {
  frontTests(async () => {
    const server = await MariaDb.start({ admin: { username: 'boss', password: random() } });
    return behind(await basicFront('mariadb', server), server, (account) =>
      server.createAccount(account),
    );
  });
});

describeWithServer('the front of Redis', 'redis', () => {
  frontTests(async () => {
    const server = await Redis.start({ admin: { username: 'boss', password: random() } });
    return behind(await basicFront('redis', server), server, async ({ username, password }) => {
      await server.execute('ACL', 'SETUSER', username, 'resetpass', `>${password}`);
    });
  });
});

const files = { 'accounts/42': '{"balance": 12}' };

describeWithServer('the Apache in front of LDAP', 'slapd', () => {
  frontTests(async () => {
    const server = await Slapd.start({ adminPassword: random() });
    const apache = await ApacheLdap.start(server, files);
    return {
      origin: apache.origin,
      createAccount: (account) => server.createAccount(account),
      setPassword: ({ username, password }) => server.setPassword(server.dnOf(username), password),
      whenGone: 500,
      stopServer: () => server.stop(),
      close: () => apache.stop(),
    };
  });
});

describeWithServer('the Apache with an htpasswd file', 'apache', () => {
  frontTests(async () => {
    const site = await HtpasswdSite.start({
      admin: { username: 'boss', password: random() },
      accounts: [],
      files,
    });
    const put = async (account: LegacyAccount): Promise<void> => {
      site.setPassword(account);
    };
    return {
      ...{ origin: site.origin, createAccount: put, setPassword: put },
      ...{ whenGone: undefined, stopServer: async () => undefined },
      close: () => site.stop(),
    };
  });
});
