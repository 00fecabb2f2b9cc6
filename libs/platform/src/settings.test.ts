import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { inspect } from 'node:util';
import { loadSettings, requireServers } from './settings.js';

const folder = mkdtempSync(join(tmpdir(), 'postern-settings-'));
const certificate = join(folder, 'ca.pem');
writeFileSync(certificate, '-----BEGIN CERTIFICATE-----');
afterAll(() => rmSync(folder, { recursive: true }));

const VAULT = { VAULT_ADDR: 'https://vault.example:8200' };
const APPROLE = { ...VAULT, VAULT_AUTH: 'approle', VAULT_ROLE_ID: 'r', VAULT_SECRET_ID: 's' };

describe('settings', () => {
  it('have defaults where nothing is set', () => {
    expect(loadSettings({})).toEqual({
      configFile: resolve('postern.yaml'),
      databaseUrl: undefined,
      kafka: undefined,
      vault: undefined,
      dataFolder: resolve('.postern'),
      sealKeyFile: resolve('.postern/seal.key'),
      logLevel: 'info',
    });
  });

  it('name the servers', () => {
    const settings = loadSettings({
      ...VAULT,
      VAULT_TOKEN: 'vault-secret',
      VAULT_NAMESPACE: 'team',
      VAULT_CACERT: certificate,
      DATABASE_URL: 'postgres://postern:hunter2@db.example/postern',
      KAFKA_BROKERS: 'one:9092, [::1]:9093',
      KAFKA_SASL_MECHANISM: 'SCRAM-SHA-512',
      KAFKA_SASL_USERNAME: 'relay',
      KAFKA_SASL_PASSWORD: 'kafka-secret',
      KAFKA_TLS_CA_FILE: certificate,
    });
    expect(settings.kafka).toMatchObject({
      brokers: ['one:9092', '[::1]:9093'],
      sasl: { mechanism: 'scram-sha-512', username: 'relay' },
      tlsCaFile: certificate,
    });
    expect(settings.vault).toMatchObject({
      address: VAULT.VAULT_ADDR,
      namespace: 'team',
      caFile: certificate,
      auth: { kind: 'token' },
    });
    expect(inspect(settings, { depth: 9 })).not.toMatch(/kafka-secret|vault-secret/);
    expect(JSON.stringify(settings)).not.toMatch(/kafka-secret|vault-secret/);
  });

  it.each([
    ['approle', APPROLE, { kind: 'approle', roleId: 'r' }],
    [
      'kubernetes',
      { ...VAULT, VAULT_AUTH: 'kubernetes', VAULT_ROLE: 'postern' },
      {
        kind: 'kubernetes',
        role: 'postern',
        jwtFile: '/var/run/secrets/kubernetes.io/serviceaccount/token',
      },
    ],
    [
      'jwt',
      { ...VAULT, VAULT_AUTH: 'jwt', VAULT_ROLE: 'postern', VAULT_JWT_FILE: certificate },
      { kind: 'jwt', role: 'postern', jwtFile: certificate },
    ],
  ])('log in to Vault by %s', (_, environment, auth) => {
    expect(loadSettings(environment).vault?.auth).toMatchObject(auth);
  });

  it.each<[string, Record<string, string>, readonly string[]]>([
    [
      'an empty variable',
      { POSTERN_CONFIG: '' },
      ['POSTERN_CONFIG: is set and empty: give it a value, or unset it'],
    ],
    [
      'a line end',
      { POSTERN_CONFIG: 'a\nb' },
      ['POSTERN_CONFIG: holds a line end or a control character'],
    ],
    [
      'an unknown level',
      { LOG_LEVEL: 'loud' },
      ['LOG_LEVEL: expected one of trace, debug, info, warn, error, fatal'],
    ],
    [
      'checks of certificates turned off',
      { NODE_TLS_REJECT_UNAUTHORIZED: '0' },
      ['NODE_TLS_REJECT_UNAUTHORIZED: turns certificate checks off: unset it'],
    ],
    [
      'another database, without its password',
      { DATABASE_URL: 'mysql://u:hunter2@h/d' },
      ['DATABASE_URL: expected a URL that begins with postgres:// or postgresql://'],
    ],
    [
      'a database nowhere',
      { DATABASE_URL: 'postgres:///postern' },
      ['DATABASE_URL: names no host: expected postgres://user:password@host/database'],
    ],
    [
      'a broker without a port',
      { KAFKA_BROKERS: 'one:9092,two' },
      ['KAFKA_BROKERS: expected host:port, several separated by commas'],
    ],
    [
      'a broker beyond the ports',
      { KAFKA_BROKERS: 'one:70000' },
      ['KAFKA_BROKERS: expected host:port, several separated by commas'],
    ],
    [
      'half a Kafka login',
      { KAFKA_BROKERS: 'one:9092', KAFKA_SASL_MECHANISM: 'plain', KAFKA_SASL_USERNAME: 'u' },
      ['KAFKA_SASL_PASSWORD: is not set, and KAFKA_SASL_MECHANISM needs it'],
    ],
    [
      'a Kafka login without a way',
      { KAFKA_BROKERS: 'one:9092', KAFKA_SASL_USERNAME: 'u', KAFKA_SASL_PASSWORD: 'hunter2' },
      [
        'KAFKA_SASL_USERNAME: is set, but KAFKA_SASL_MECHANISM is not: set that, or unset this',
        'KAFKA_SASL_PASSWORD: is set, but KAFKA_SASL_MECHANISM is not: set that, or unset this',
      ],
    ],
    [
      'a Kafka login to nowhere',
      { KAFKA_SASL_MECHANISM: 'plain' },
      ['KAFKA_SASL_MECHANISM: is set, but KAFKA_BROKERS is not: set that, or unset this'],
    ],
    [
      'a certificate that is not there',
      { KAFKA_BROKERS: 'one:9092', KAFKA_TLS_CA_FILE: '/nowhere/ca.pem' },
      ['KAFKA_TLS_CA_FILE: the file /nowhere/ca.pem cannot be read (ENOENT)'],
    ],
    [
      'a folder for a certificate',
      { ...VAULT, VAULT_TOKEN: 't', VAULT_CACERT: folder },
      [`VAULT_CACERT: the file ${folder} cannot be read (not a file)`],
    ],
    ['Vault without a token', VAULT, ['VAULT_TOKEN: is not set, and VAULT_AUTH=token needs it']],
    [
      'Vault by another method',
      { ...VAULT, VAULT_AUTH: 'ldap' },
      ['VAULT_AUTH: expected one of token, approle, kubernetes, jwt'],
    ],
    [
      'half an approle',
      { ...APPROLE, VAULT_SECRET_ID: '' },
      ['VAULT_SECRET_ID: is set and empty: give it a value, or unset it'],
    ],
    [
      'a jwt login without its file',
      { ...VAULT, VAULT_AUTH: 'jwt', VAULT_ROLE: 'postern' },
      ['VAULT_JWT_FILE: is not set, and VAULT_AUTH=jwt needs it'],
    ],
    [
      'a Vault login to nowhere',
      { VAULT_AUTH: 'approle' },
      ['VAULT_AUTH: is set, but VAULT_ADDR is not: set that, or unset this'],
    ],
    [
      'a user in the address of Vault',
      { VAULT_ADDR: 'https://u:hunter2@vault', VAULT_TOKEN: 't' },
      ['VAULT_ADDR: must not hold a user: expected https://host:8200'],
    ],
  ])('refuse %s by the name of the variable', (_, environment, lines) => {
    expect(() => loadSettings(environment)).toThrow(lines.join('\n'));
    expect(() => loadSettings(environment)).not.toThrow('hunter2');
  });

  it('tell all problems at once', () => {
    const load = (): unknown => loadSettings({ LOG_LEVEL: 'loud', DATABASE_URL: 'x' });
    expect(load).toThrow(/DATABASE_URL: .+\nLOG_LEVEL: /);
  });

  it('leave a token of the vault command alone when no Vault is named', () => {
    expect(loadSettings({ VAULT_TOKEN: 't', VAULT_CACERT: '/nowhere' }).vault).toBeUndefined();
  });
});

describe('servers that a process cannot do without', () => {
  it('are named, all that are missing at once, with what to set', () => {
    const require = (): unknown =>
      requireServers(loadSettings({}), ['databaseUrl', 'kafka', 'vault']);
    expect(require).toThrow(
      [
        'DATABASE_URL: is not set, and only standalone brings its own PostgreSQL: set it to postgres://user:password@host:port/database',
        'KAFKA_BROKERS: is not set, and only standalone brings its own event bus: set it to host:port, several separated by commas',
        'VAULT_ADDR: is not set, and only standalone brings its own sealed store: set it to https://host:8200',
      ].join('\n'),
    );
  });

  it('are passed on when they are there', () => {
    const url = 'postgres://postern@db.example/postern';
    const settings = loadSettings({ DATABASE_URL: url });
    expect(requireServers(settings, ['databaseUrl']).databaseUrl).toBe(url);
  });
});
