import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import fc from 'fast-check';
import { parse, stringify } from 'yaml';
import { type RotationEntry } from './config-rotation.js';
import { CANONICAL_PATH } from './config-values.js';
import { loadConfig } from './load-config.js';
import { type PosternConfig } from './postern-config.js';

type Fields = Record<string, unknown>;

const folder = mkdtempSync(join(tmpdir(), 'postern-config-rotation-'));
const file = join(folder, 'postern.yaml');
afterAll(() => rmSync(folder, { recursive: true }));

/** The configuration of a resource whose `rotation` is written so in YAML. */
function load(rotation: string, root: Fields = {}): PosternConfig {
  const least = parse(readFileSync(resolve('test/golden/config/postern.yaml'), 'utf8')) as {
    resources: Fields[];
  };
  const resource = { ...least.resources[0], rotation: parse(rotation) as Fields };
  writeFileSync(file, stringify({ ...least, ...root, resources: [resource] }));
  return loadConfig(file);
}

const read = (rotation: string): RotationEntry | undefined => load(rotation).resources[0]?.rotation;

const VERIFY = "verify: ['GET /accounts/health']";
const CHANGE = 'slots: single, change: { as: redis, host: cache.internal }';

describe('rotation in postern.yaml', () => {
  it('is external with the least that it must say, and the rest gets its defaults', () => {
    expect(read(`{ ${VERIFY} }`)).toEqual({
      kind: 'external',
      change: undefined,
      fields: { username: 'username', password: 'password' },
      password: { length: 32, classes: ['lower', 'upper', 'digit'], symbols: '-_.~' },
      verify: [{ method: 'GET', path: '/accounts/health', expect: undefined }],
      refusals: [401],
      schedule: undefined,
      wrapped: undefined,
      breakGlassApprovals: 1,
      deadlineMs: 1_800_000,
      observeMs: 60_000,
      drainMs: 900_000,
      keepMs: 86_400_000,
      allowance: { failuresMax: 2, perSeconds: 900 },
    });
  });

  it('is undefined where it is not written', () => {
    const least = parse(readFileSync(resolve('test/golden/config/postern.yaml'), 'utf8')) as Fields;
    writeFileSync(file, stringify(least));
    expect(loadConfig(file).resources[0]).not.toHaveProperty('rotation');
  });

  it('reads all that it may say', () => {
    expect(
      read(`
slots: dual
change:
  as: postgres
  host: db.internal
  port: 5433
  database: app
  tls: { caFile: ca.pem, serverName: db }
  alternate: [svc_a, svc_b]
  by: { ref: { mount: secret, path: postern/rotator-ledger-admin } }
fields: { username: account, password: secret }
password: { length: 40, classes: [lower, symbol], symbols: '-_' }
verify: ['GET /', { request: POST /login-check, expect: [200, 204] }]
refusals: [401, 403]
schedule: { cron: '0 3 * * 0', timezone: Europe/Berlin, window: 2h }
wrapped: { creationPath: secret/data/intake/ledger, maxTtl: 30m, maxAge: 10m }
reconcile: { ref: { mount: secret, path: postern/rotator-ledger-reconcile } }
breakGlass: { approvals: 2 }
deadline: 10m
observe: 0s
drain: 1m
keep: 0s
lockout: { failures: 1, per: 1h }
`),
    ).toEqual({
      kind: 'dual_slot',
      change: {
        as: 'postgres',
        slots: 'dual',
        fields: { username: 'account', password: 'secret' },
        reconcile: { ref: { mount: 'secret', path: 'postern/rotator-ledger-reconcile' } },
        host: 'db.internal',
        port: 5433,
        database: 'app',
        tls: { caFile: join(folder, 'ca.pem'), serverName: 'db' },
        alternate: ['svc_a', 'svc_b'],
        by: { ref: { mount: 'secret', path: 'postern/rotator-ledger-admin' } },
      },
      fields: { username: 'account', password: 'secret' },
      password: { length: 40, classes: ['lower', 'symbol'], symbols: '-_' },
      verify: [
        { method: 'GET', path: '/', expect: undefined },
        { method: 'POST', path: '/login-check', expect: [200, 204] },
      ],
      refusals: [401, 403],
      schedule: { cron: '0 3 * * 0', timezone: 'Europe/Berlin', windowMs: 7_200_000 },
      wrapped: {
        creationPath: 'secret/data/intake/ledger',
        ttlSecondsMax: 1800,
        ageSecondsMax: 600,
      },
      breakGlassApprovals: 2,
      deadlineMs: 600_000,
      observeMs: 0,
      drainMs: 60_000,
      keepMs: 0,
      allowance: { failuresMax: 1, perSeconds: 3600 },
    });
  });

  it.each([
    ['mariadb', "{ as: mariadb, host: '::1', tls: off, accountHost: '10.%' }"],
    ['redis', '{ as: redis, host: 127.0.0.1, tls: off, persist: config }'],
    ['ldap', "{ as: ldap, url: 'ldap://localhost:1389', tls: off, dn: 'uid={{username}},o=x' }"],
    ['ldap with StartTLS', "{ as: ldap, url: 'ldap://directory.internal' }"],
    [
      'http',
      "{ as: http, request: { path: '/accounts/{{username}}/password', type: json, fields: { old: '{{current.password}}', new: '{{next.password}}' } } }",
    ],
  ])('reads a change by %s, single slot', (_, change) => {
    const entry = read(`{ ${VERIFY}, slots: single, change: ${change} }`);
    expect(entry).toMatchObject({ kind: 'single_slot', change: { slots: 'single' } });
  });

  it('has the defaults of a change by http', () => {
    const change =
      "{ as: http, request: { path: /p, type: form, fields: { new: '{{next.password}}' } } }";
    expect(read(`{ ${VERIFY}, slots: single, change: ${change} }`)?.change).toMatchObject({
      as: 'http',
      request: { method: 'POST', path: '/p', type: 'form', expect: [200, 204] },
    });
  });

  it('says of a change without TLS to another machine why, as an exception of the resource', () => {
    const loaded = load(
      `{ ${VERIFY}, slots: single, change: { as: redis, host: cache, tls: { off: a wire of its own } } }`,
    );
    expect(loaded.resources[0]?.justified).toEqual([
      { setting: 'rotation.change.tls: off', because: 'a wire of its own' },
    ]);
    expect(load(`{ ${VERIFY}, ${CHANGE} }`).resources[0]?.justified).toEqual([]);
  });

  it('takes the intake key of the rotators from where it is told', () => {
    const intakeKey = { mount: 'kv', path: 'postern/rotator-wraps' };
    expect(load(`{ ${VERIFY} }`, { rotator: { intakeKey } }).rotator).toEqual({ intakeKey });
  });

  it.each(['0 3 * * 0', '*/15 * * * *', '0 3 1,15 * MON-FRI', '30 2 29 2 *'])(
    'takes the time %s',
    (cron) => {
      const entry = read(`{ ${VERIFY}, ${CHANGE}, schedule: { cron: '${cron}' } }`);
      expect(entry?.schedule).toEqual({ cron, timezone: 'UTC', windowMs: 7_200_000 });
    },
  );
});

describe('docs/rotation-operations.md', () => {
  const page = readFileSync(resolve('docs/rotation-operations.md'), 'utf8');
  const blocks = [...page.matchAll(/^```yaml\n(?<yaml>[^]*?)^```/gm)].map(
    ({ groups }) => parse(groups!['yaml']!) as Fields,
  );

  it('shows a rotation section with every setting, and it is taken as it is', () => {
    const shown = blocks.find(({ rotation }) => rotation !== undefined)!;
    const { rotator, rotation } = shown as { rotator: Fields; rotation: Fields };
    const loaded = load(stringify(rotation), { rotator });
    expect(loaded.resources[0]?.rotation).toMatchObject({ kind: 'dual_slot' });
    expect(Object.keys(rotation).sort()).toEqual(
      ['breakGlass', 'change', 'deadline', 'drain', 'fields', 'keep', 'lockout', 'observe'].concat([
        'password',
        'reconcile',
        'refusals',
        'schedule',
        'slots',
        'verify',
        'wrapped',
      ]),
    );
  });

  it('shows a change by http that is taken, with what its reconcile account asks', () => {
    const shown = blocks.find(
      (block) => (block['change'] as Fields | undefined)?.['as'] === 'http',
    )!;
    const reconcile = { ref: { mount: 'secret', path: 'postern/rotator-reconcile' } };
    const rotation = { slots: 'single', verify: ['GET /'], reconcile, ...shown };
    expect(read(stringify(rotation))?.change).toMatchObject({ as: 'http', reconcile });
  });
});

describe('a canonical path', () => {
  it('is what it was before a URL was made of it', () => {
    const text = fc.stringMatching(/^\/[a-z.%?#\\ {}/;*&=:@-]{0,12}$/);
    fc.assert(
      fc.property(text, (path) => {
        fc.pre(CANONICAL_PATH.test(path));
        const url = new URL(`http://ledger.internal${path}`);
        expect([url.pathname, url.search, url.hash]).toEqual([path, '', '']);
      }),
    );
  });

  it.each(['/a//b', '/./a', '/a/..', '/%2e%2e/a', '/a?b=c', '/a#b', 'a', '//a', '/a b'])(
    'is not %s',
    (path) => {
      expect(CANONICAL_PATH.test(path)).toBe(false);
    },
  );
});
