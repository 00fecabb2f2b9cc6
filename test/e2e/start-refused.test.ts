import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { once } from 'node:events';
import { describeWithServer, type TestDatabase, TestOpenBao, testPostgres } from '#test-support';
import { freePort } from '../support/free-port.js';
import { grantSettings, makePosternFolder, type PosternFolder } from '../support/postern-folder.js';
import { endOfStart, type StartEnd } from '../support/start-end.js';

const CONFIG = 78;
const UNAVAILABLE = 69;
const DESTINATION = 'http://127.0.0.1:1/api';

/** One line, the code, no stack. */
const oneLine = (code: number, line: RegExp): Record<string, unknown> => ({
  code,
  stderr: expect.stringMatching(new RegExp(`^postern [a-z]+: [^\\n]*${line.source}[^\\n]*\\n$`)),
});

let folder: PosternFolder;
beforeEach(async () => {
  folder = await makePosternFolder({ destination: DESTINATION });
});
afterEach(() => rmSync(folder.folder, { recursive: true }));

/** A server where the process looks for PostgreSQL is not asked: what is wrong is found before. */
const NOBODY = 'postgres://u:hunter2@127.0.0.1:1/postern';
const start = (
  app: 'sts' | 'proxy' | 'control',
  environment: Record<string, string> = {},
): Promise<StartEnd> =>
  endOfStart(app, { POSTERN_CONFIG: folder.configFile, DATABASE_URL: NOBODY, ...environment });

describe('a process does not start', () => {
  it('on keys that cannot be read', async () => {
    rmSync(join(folder.folder, 'jwks.json'));
    expect(await start('sts')).toMatchObject(oneLine(CONFIG, /jwks\.json.*ENOENT/));
  });

  it('on keys that are no key set', async () => {
    writeFileSync(join(folder.folder, 'jwks.json'), '{"keys":"none"}');
    expect(await start('sts')).toMatchObject(oneLine(CONFIG, /jwks\.json/));
  });

  it('on two grants that one request fits', async () => {
    folder.writeGrant(grantSettings('again', 'settler', 'ledger', ['ledger.read']));
    expect(await start('sts')).toMatchObject(
      oneLine(CONFIG, /again.*settler-ledger|settler-ledger.*again/),
    );
  });

  it('on a grant that its owner approved, in prod', async () => {
    const config = readFileSync(folder.configFile, 'utf8').replaceAll(
      'environment: dev',
      'environment: prod',
    );
    writeFileSync(folder.configFile, config);
    for (const [id, subject, resource, scope] of [
      ['settler-ledger', 'settler', 'ledger', 'ledger.read'],
      ['operator-postern', 'operator', 'postern', 'introspect'],
    ] as const) {
      const grant = { ...grantSettings(id, subject, resource, [scope]), reviewBy: inDays(30) };
      folder.writeGrant(
        id === 'settler-ledger' ? { ...grant, approvedBy: ['payments@example'] } : grant,
      );
    }
    expect(await start('sts')).toMatchObject(
      oneLine(CONFIG, /settler-ledger\.yaml.*approvedBy.*owner/),
    );
  });

  it('when Vault is not there, and says where it looked', async () => {
    const address = `http://127.0.0.1:${await freePort()}`;
    const end = await start('proxy', { VAULT_ADDR: address, VAULT_TOKEN: 'hunter2' });
    expect(end).toMatchObject(oneLine(UNAVAILABLE, /[Vv]ault/));
    expect(end.stderr).not.toContain('hunter2');
  }, 60_000);
});

const DAY_MS = 86_400_000;
/** Processes look at the clock of the machine. */
const inDays = (days: number): string =>
  new Date(performance.timeOrigin + days * DAY_MS).toISOString().slice(0, 10);

describeWithServer('a proxy and a Vault that is sealed', 'openbao', () => {
  let bao: TestOpenBao;
  beforeAll(async () => {
    bao = await TestOpenBao.startSealed();
  }, 180_000);
  afterAll(() => bao.dispose());

  it('does not start, and says that it is sealed', async () => {
    const end = await start('proxy', { VAULT_ADDR: bao.address, VAULT_TOKEN: 'hunter2' });
    expect(end).toMatchObject(oneLine(UNAVAILABLE, /sealed/));
    expect(end.stderr).not.toContain('hunter2');
  }, 60_000);
});

describeWithServer('a process with a database', 'postgres-18', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = (await testPostgres(18))!;
  });
  afterAll(() => database.drop());

  it('does not start with a wrong password, which is not told', async () => {
    const url = new URL(database.url);
    url.password = 'hunter2';
    const end = await start('control', { DATABASE_URL: url.href });
    expect(end).toMatchObject(oneLine(UNAVAILABLE, /wrong user or password/));
    expect(end.stderr).not.toContain('hunter2');
  });

  it('does not start on a port that is in use', async () => {
    const other: Server = createServer();
    const port = Number(new URL(folder.adminOrigin).port);
    other.listen(port, '127.0.0.1');
    await once(other, 'listening');
    const end = await start('control', { DATABASE_URL: database.url });
    other.close();
    expect(end).toMatchObject(oneLine(CONFIG, new RegExp(`127\\.0\\.0\\.1:${port}: is in use`)));
  });
});
