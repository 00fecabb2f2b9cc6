import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PostgresEventJournal } from '#adapters/postgres';
import { anOutboxEvent } from '#testing';
import { describeWithServer } from '../support/describe-with-server.js';
import { openBaoAdmin } from '../support/openbao.js';
import { makePosternFolder, type PosternFolder } from '../support/postern-folder.js';
import { PosternProcess, runCli } from '../support/postern-process.js';
import { type TestDatabase, testPostgres } from '../support/postgres.js';
import { verifyWithPython } from '../support/python-verifiers.js';
import { until } from '../support/until.js';

const KAFKA = process.env['POSTERN_TEST_KAFKA_BROKERS'] ?? '';
const OPENBAO = process.env['POSTERN_TEST_OPENBAO_ADDR'] ?? '';
const OPENBAO_TOKEN = process.env['POSTERN_TEST_OPENBAO_TOKEN'] ?? '';
const EVENTS = 300;

const describeOnAll = (body: () => void): void =>
  describeWithServer('Vault', 'openbao', () =>
    describeWithServer('a database', 'postgres-18', () =>
      describeWithServer('and python to check it', 'cryptography', body),
    ),
  );

describeWithServer('the evidence chain, with Kafka,', 'kafka', () => {
  describeOnAll(() => {
    let database: TestDatabase;
    let folder: PosternFolder;
    let relay: PosternProcess;
    let environment: Record<string, string>;
    let anchor: string;
    const file = (name: string): string => join(folder.folder, name);
    const cli = (...args: string[]): ReturnType<typeof runCli> => runCli(args, { environment });
    const verify = (...args: string[]): ReturnType<typeof runCli> =>
      cli('audit', 'verify', ...args, '--key', file('log.pem'));
    const newRelay = (): PosternProcess =>
      new PosternProcess({ app: 'relay', readyUrl: `${folder.adminOrigin}/readyz`, environment });
    const append = (count: number): Promise<void> =>
      new PostgresEventJournal(database.database).append(
        Array.from({ length: count }, (_, at) => anOutboxEvent(`hdl_${at % 50}_${randomUUID()}`)),
      );
    const loggedSize = async (): Promise<number> => {
      const [row] = await database.database.query<{ size: string }>(
        'select coalesce(max(tree_size), 0) as size from audit_checkpoint',
      );
      return Number(row!.size);
    };
    const anchoredSize = (): number =>
      existsSync(join(anchor, 'checkpoint'))
        ? Number(readFileSync(join(anchor, 'checkpoint'), 'utf8').split('\n')[1])
        : 0;
    const anchored = (size: number): Promise<void> =>
      until(`${size} events are anchored`, () => anchoredSize() >= size, 60_000);

    beforeAll(async () => {
      const mount = `transit-${randomUUID()}`;
      const admin = openBaoAdmin();
      await admin.must('POST', `sys/mounts/${mount}`, { type: 'transit' });
      await admin.must('POST', `${mount}/keys/checkpoint`, { type: 'ed25519' });
      const audit = {
        key: { transit: { mount, name: 'checkpoint' } },
        every: '1s',
        anchor: { folder: './anchor' },
      };
      folder = await makePosternFolder({ destination: 'http://127.0.0.1:9', overrides: { audit } });
      anchor = file('anchor');
      database = (await testPostgres(18))!;
      environment = {
        POSTERN_CONFIG: folder.configFile,
        DATABASE_URL: await database.urlAs('postern_relay'),
        KAFKA_BROKERS: KAFKA,
        VAULT_ADDR: OPENBAO,
        VAULT_TOKEN: OPENBAO_TOKEN,
      };
      relay = newRelay();
      await relay.start();
      await until('the log is begun', async () => {
        const rows = await database.database.query('select log_id from audit_log');
        return rows.length === 1;
      });
    }, 180_000);
    afterAll(async () => {
      await relay.stop();
      await database.drop();
    }, 60_000);

    it('is proven from Kafka to the anchor, also after the relay was killed in between', async () => {
      await append(EVENTS - 20);
      await anchored(1);
      await relay.kill();
      await append(20);
      relay = newRelay();
      await relay.start();
      await anchored(EVENTS);
      expect(await loggedSize()).toBe(EVENTS);
      const [exported, publicKey] = [cli('audit', 'export'), cli('audit', 'key')];
      expect(exported).toMatchObject({ status: 0 });
      expect(exported.stderr).not.toContain('not kept');
      writeFileSync(file('export.jsonl'), exported.stdout);
      writeFileSync(file('log.pem'), publicKey.stdout);
      const proof = verify(file('export.jsonl'), '--anchor', anchor);
      expect(proof).toMatchObject({ status: 0, stderr: '' });
      expect(proof.stdout).toContain(`events 0 to ${EVENTS - 1}`);
    }, 180_000);

    it('is proven by a verifier that has nothing of ours', async () => {
      const lines = readFileSync(file('export.jsonl'), 'utf8').trimEnd().split('\n');
      const publicKey = readFileSync(file('log.pem'), 'utf8');
      expect(await verifyWithPython({ publicKey, lines })).toEqual([null]);
      const forged = lines.map((line) => line.replace('"reason":"contract"', '"reason":"forged"'));
      expect(await verifyWithPython({ publicKey, lines: forged })).toEqual(['its tree is another']);
    });

    it('is not proven when an event was changed, and says which', () => {
      const lines = readFileSync(file('export.jsonl'), 'utf8').trimEnd().split('\n');
      const at = lines.findIndex((line) => line.includes('"index":123'));
      const { id } = (JSON.parse(lines[at]!) as { event: { id: string } }).event;
      lines[at] = lines[at]!.replace('"reason":"contract"', '"reason":"forged"');
      writeFileSync(file('forged.jsonl'), lines.join('\n'));
      const { status, stdout } = verify(file('forged.jsonl'));
      expect(status).toBe(1);
      expect(stdout).toContain(
        `from log index 123 on (event ${id}, line ${at + 1}): altered-event`,
      );
    });

    it('is not proven without its end when the anchor has it, and is not tried without a key', () => {
      const lines = readFileSync(file('export.jsonl'), 'utf8').split('\n');
      const last = lines.findLastIndex((line) => line.startsWith('{"checkpoint"'));
      writeFileSync(file('short.jsonl'), lines.slice(0, last).join('\n'));
      expect(verify(file('short.jsonl'), '--anchor', anchor)).toMatchObject({ status: 1 });
      expect(verify(file('short.jsonl')).stdout).toContain('not proven: that the log ends here');
      expect(cli('audit', 'verify', file('short.jsonl'))).toMatchObject({ status: 2 });
      expect(verify(file('none.jsonl'))).toMatchObject({ status: 2 });
    });

    it('is not signed any further when the database was taken back behind the anchor', async () => {
      await relay.stop();
      for (const table of ['audit_checkpoint', 'audit_leaf']) {
        await database.database.query(`alter table ${table} disable trigger ${table}_is_kept`);
      }
      const [row] = await database.database.query<{ size_before: string }>(
        'delete from audit_checkpoint where tree_size = (select max(tree_size) from audit_checkpoint) returning size_before',
      );
      await database.database.query('delete from audit_leaf where log_index >= $1', [
        row!.size_before,
      ]);
      await append(1);
      relay = newRelay();
      await relay.start();
      const readiness = async (): Promise<string> =>
        (await fetch(`${folder.adminOrigin}/readyz`)).text();
      await until('readiness says so', async () =>
        (await readiness()).includes('restored or changed'),
      );
      expect(await readiness()).toContain('"degraded":true');
      expect(await loggedSize()).toBe(Number(row!.size_before));
      expect(relay.output).toContain('restored or changed');
    }, 60_000);
  });
});
