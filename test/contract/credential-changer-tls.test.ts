import { randomBytes } from 'node:crypto';
import { type ChangerSettings, type ChangerTls } from '#adapters/changers';
import { type SecretFields, TargetUnreachable } from '#rotation';
import { accountFields, type DestinationCertificate, destinationCertificate } from '#testing';
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
const NAME = 'legacy.internal';

/** A server that speaks TLS, and an account of it. */
interface TlsServer {
  readonly admin: { readonly username: string; readonly password: string };
  settings(tls: ChangerTls): ChangerSettings;
  isValid(username: string, password: string): Promise<boolean>;
  createAccount(username: string, password: string): Promise<void>;
  stop(): Promise<void>;
}

type Start = (pair: DestinationCertificate['pair'] | undefined) => Promise<TlsServer>;

/** No password goes to a server that has not proven who it is. */
function tlsTests(start: Start): void {
  let server: TlsServer;
  let plain: TlsServer;
  let caFile: string;
  beforeAll(async () => {
    const certificate = await destinationCertificate(NAME);
    caFile = certificate.caFile;
    [server, plain] = await Promise.all([start(certificate.pair), start(undefined)]);
  }, 180_000);
  afterAll(() => Promise.all([server.stop(), plain.stop()]));

  const applied = async (target: TlsServer, tls: ChangerTls): Promise<SecretFields> => {
    const username = `svc-${random()}`;
    const current = accountFields(username, random());
    const next = accountFields(username, random());
    await target.createAccount(username, current.get('password')!.reveal());
    await changerOf(target.settings(tls), target.admin).apply({ current, next });
    return next;
  };

  it('changes a value over a connection whose certificate is verified', async () => {
    const next = await applied(server, { caFile, serverName: NAME });
    const [username, password] = ['username', 'password'].map((name) => next.get(name)!.reveal());
    expect(await server.isValid(username!, password!)).toBe(true);
  });

  it('goes no further when the certificate is of another name', async () => {
    const tls = { caFile, serverName: 'other.internal' };
    await expect(applied(server, tls)).rejects.toThrow(TargetUnreachable);
  });

  it('goes no further when the certificate has another name than the host, and none is given', async () => {
    const settings = (): Promise<SecretFields> => applied(server, { caFile });
    await expect(settings()).rejects.toThrow(/was not reached|give tls\.serverName/);
  });

  it('goes no further when nobody trusted vouches for the certificate', async () => {
    const other = await destinationCertificate(NAME);
    const tls = { caFile: other.caFile, serverName: NAME };
    await expect(applied(server, tls)).rejects.toThrow(TargetUnreachable);
    await expect(applied(server, { serverName: NAME })).rejects.toThrow(TargetUnreachable);
  });

  it('goes no further when the server speaks no TLS', async () => {
    const tls = { caFile, serverName: NAME };
    // Of LDAP the server itself says that it knows no StartTLS.
    await expect(applied(plain, tls)).rejects.toThrow(/was not reached|refuses: 2/);
    await expect(applied(plain, 'off')).resolves.toBeDefined();
  });
}

describeWithServer('the changer of PostgreSQL over TLS', 'postgres-18', () => {
  tlsTests(async (pair) => {
    const server = await LegacyPostgres.start();
    if (pair !== undefined) await server.useCertificate(pair);
    const { host, port, admin } = server;
    return {
      admin,
      settings: (tls) => ({
        ...{ as: 'postgres', slots: 'single', fields: FIELDS, by: BY, host, port, tls },
      }),
      isValid: (username, password) => server.canLogIn({ username, password }),
      createAccount: (username, password) => server.createAccount({ username, password }),
      stop: () => server.stop(),
    };
  });
});

describeWithServer('the changer of MariaDB over TLS', 'mariadb', () => {
  tlsTests(async (pair) => {
    const admin = { username: 'boss', password: random() };
    const server = await MariaDb.start({ admin, ...(pair && { certificate: pair }) });
    const { host, port } = server;
    return {
      admin,
      settings: (tls) => ({
        ...{ as: 'mariadb', slots: 'single', fields: FIELDS, by: BY, host, port, tls },
      }),
      isValid: (username, password) => server.canLogIn({ username, password }),
      createAccount: (username, password) => server.createAccount({ username, password }),
      stop: () => server.stop(),
    };
  });
});

describeWithServer('the changer of Redis over TLS', 'redis', () => {
  tlsTests(async (pair) => {
    const admin = { username: 'boss', password: random() };
    const server = await Redis.start({ admin, ...(pair && { certificate: pair }) });
    const { host, port } = server;
    return {
      admin,
      settings: (tls) => ({
        ...{ as: 'redis', slots: 'dual', fields: FIELDS, by: BY, host, port, tls },
      }),
      isValid: (username, password) => server.canLogIn({ username, password }),
      createAccount: (username, password) => server.createAccount({ username, password }),
      stop: () => server.stop(),
    };
  });
});

const slapd =
  (ldaps: boolean): Start =>
  async (pair) => {
    const password = random();
    const certificate = pair && { certificate: pair, ldaps };
    const server = await Slapd.start({ adminPassword: password, ...certificate });
    return {
      admin: { username: LDAP_CHANGER, password },
      settings: (tls) => ({
        ...{ as: 'ldap', slots: 'single', fields: FIELDS, by: BY, tls },
        // Of the server without TLS too what is asked for is TLS.
        url: tls === 'off' || !ldaps ? server.url : server.url.replace('ldap:', 'ldaps:'),
        dn: `uid={{username}},${LDAP_SERVICES}`,
      }),
      isValid: (username, secret) => server.canLogIn({ username, password: secret }),
      createAccount: (username, secret) => server.createAccount({ username, password: secret }),
      stop: () => server.stop(),
    };
  };

describeWithServer('the changer of LDAP over ldaps', 'slapd', () => {
  tlsTests(slapd(true));
});

describeWithServer('the changer of LDAP over StartTLS', 'slapd', () => {
  tlsTests(slapd(false));
});
