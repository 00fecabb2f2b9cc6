import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import kafkajs from 'kafkajs';
import { KafkaLineFeed } from '#adapters/kafka';
import {
  PostgresDetectionStore,
  PostgresRuleEvaluator,
  PostgresVaultAccessLog,
} from '#adapters/postgres';
import { type DetectionSettings, shippedRules } from '#detection';
import { EventFactory } from '#events';
import { SystemClock } from '#kernel';
import { HealthRegistry, Metrics } from '#platform';
import { describeWithServer, type OpenBaoAdmin, startOpenBaoWithAudit } from '#test-support';
import { detectionSettings } from '#testing';
import { VaultAuditWatch } from '../../apps/sentinel/src/vault-audit-watch.js';
import { DetectionFixture } from './detection-fixture.js';

const DEADLINE_MS = 30_000;

interface Found {
  readonly rule: string;
  readonly entity_id: string;
  readonly observed: number;
  readonly evidence: readonly string[];
}

/** A real OpenBao, whose audit device a log shipper would read; a real Kafka that it ships to; the sentinel behind it. */
describeWithServer("reads past Postern, by Vault's audit log", 'kafka', (brokers) => {
  const topic = `vault-audit-${randomUUID()}`;
  const client = new kafkajs.Kafka({
    brokers: brokers.split(','),
    logLevel: kafkajs.logLevel.NOTHING,
  });
  const producer = client.producer();
  const feed = new KafkaLineFeed({
    ...{ brokers: brokers.split(','), clientId: 'vault-audit-test', onProblem: () => undefined },
  });
  const metrics = new Metrics();
  const health = new HealthRegistry();
  const warned: unknown[] = [];
  let bao: Awaited<ReturnType<typeof startOpenBaoWithAudit>>;
  let fixture: DetectionFixture;
  let watch: VaultAuditWatch;
  let shipped = 0;
  let postern: Login;
  let thief: Login;

  interface Login {
    readonly entity: string;
    readonly token: string;
  }

  /** What a log shipper does with what is new in the file. */
  async function ship(): Promise<readonly string[]> {
    const fresh = (await bao.lines()).slice(shipped);
    shipped += fresh.length;
    await producer.send({ topic, messages: fresh.map((value) => ({ value })) });
    return fresh;
  }

  async function login(admin: OpenBaoAdmin, name: string): Promise<Login> {
    const user = { password: 'pw', token_policies: 'reader' };
    await admin.must('POST', `auth/userpass/users/${name}`, user);
    const { body } = await admin.ask('POST', `auth/userpass/login/${name}`, { password: 'pw' });
    const { auth } = body as { auth: { client_token: string; entity_id: string } };
    return { token: auth.client_token, entity: auth.entity_id };
  }

  const read = ({ token }: Login, path: string) => bao.admin.ask('GET', path, undefined, token);

  const counted = async (verdict: string): Promise<number> => {
    const text = await metrics.text();
    const line = new RegExp(`postern_vault_audit_lines_total\\{verdict="${verdict}"\\} (\\d+)`);
    return Number(line.exec(text)?.[1] ?? 0);
  };

  /** Waits until as many lines were looked at as were shipped. */
  async function looked(at: number): Promise<void> {
    const end = performance.now() + DEADLINE_MS;
    for (;;) {
      const each = await Promise.all(['past', 'allowed', 'other', 'unreadable'].map(counted));
      if (each.reduce((sum, one) => sum + one, 0) >= at) return;
      if (performance.now() > end) throw new Error(`lines were not looked at: ${each.join(', ')}`);
      await pause(50);
    }
  }

  const detections = (): Promise<readonly Found[]> =>
    fixture.server.database.query<Found>(
      'select rule, entity_id, observed, evidence::text[] as evidence from detection order by rule',
    );

  beforeAll(async () => {
    bao = await startOpenBaoWithAudit();
    const { admin } = bao;
    await admin.must('POST', 'secret/data/ledger', { data: { password: 'hunter2-of-the-ledger' } });
    await admin.must('POST', 'secret/data/free', { data: { password: 'nobody cares' } });
    await admin.must('POST', 'sys/auth/userpass', { type: 'userpass' });
    const capabilities = '["read", "list", "create", "update"]';
    await admin.writePolicy('reader', `path "secret/*" { capabilities = ${capabilities} }`);
    [postern, thief] = [await login(admin, 'postern'), await login(admin, 'thief')];
    const administrator = client.admin();
    await administrator.connect();
    await administrator.createTopics({ topics: [{ topic, numPartitions: 2 }] });
    await administrator.disconnect();
    await producer.connect();
    fixture = await DetectionFixture.open(18);
    const database = await fixture.as('postern_sentinel');
    const clock = new SystemClock();
    const settings: DetectionSettings = detectionSettings({
      rules: { ...shippedRules(), D19: { mode: 'enforce', resources: {}, thresholds: {} } },
    });
    const logged = (details: unknown): void => void warned.push(details);
    watch = new VaultAuditWatch({
      ...{ deployment: `test-${randomUUID()}`, feed, topic, clock, metrics },
      terms: {
        resources: new Map([['secret/data/ledger', ['ledger']]]),
        ...{ allowed: new Set([postern.entity]), namespace: '' },
      },
      accesses: new PostgresVaultAccessLog(database),
      evaluator: new PostgresRuleEvaluator(database),
      store: new PostgresDetectionStore(database),
      settings: () => Promise.resolve(settings),
      events: new EventFactory({
        ...{ clock, environment: 'prod', deployment: 'postern-prod', component: 'sentinel' },
      }),
      health,
      log: { warn: logged, error: logged },
      onRaised: () => undefined,
    });
    // What an administrator with a root token did before nobody looks at here.
    shipped = (await bao.lines()).length;
    health.enter('serving');
    watch.start();
  }, 180_000);

  afterAll(async () => {
    await watch.stop();
    await feed.close();
    await producer.disconnect();
    await fixture.close();
    await bao.stop();
  });

  let lines = 0;
  it('says nothing of its own reads, of refused ones, of metadata, lists, and what is not managed', async () => {
    const { admin } = bao;
    expect((await read(postern, 'secret/data/ledger')).status).toBe(200);
    expect((await read(thief, 'secret/data/free')).status).toBe(200);
    expect((await read(thief, 'secret/metadata/ledger')).status).toBe(200);
    expect((await read(thief, 'secret/metadata?list=true')).status).toBe(200);
    expect((await read(thief, 'secret/data/missing')).status).toBe(404);
    expect((await admin.ask('GET', 'secret/data/ledger', undefined, 'no-token')).status).toBe(403);
    lines += (await ship()).length;
    await looked(lines);
    expect(await detections()).toEqual([]);
    expect(await counted('allowed')).toBe(1);
    expect([await counted('past'), await counted('unreadable')]).toEqual([0, 0]);
  });

  it('raises D19 for each read of a managed secret by somebody else, once however often it is shipped', async () => {
    const { body } = await read(thief, 'secret/data/ledger');
    const requestId = (body as { request_id: string }).request_id;
    await read(thief, 'secret/data/ledger?version=1');
    const fresh = await ship();
    await producer.send({ topic, messages: fresh.map((value) => ({ value })) });
    lines += 2 * fresh.length;
    await looked(lines);
    const [found, ...others] = await detections();
    expect(others).toEqual([]);
    expect(found).toMatchObject({ rule: 'D19', entity_id: 'ledger', observed: 2 });
    expect(found!.evidence).toHaveLength(2);
    // As Vault names the request, but for the two digits that make it a UUID.
    const named = found!.evidence.map((id) => id.slice(20));
    expect(named).toContain(requestId.slice(20));
    // A secret is rotated unasked only where the configuration permits it.
    expect(await fixture.server.database.query('select 1 from response_order')).toEqual([]);
    const told = await fixture.server.database.query(
      `select payload->'data'->>'action' as action, payload->'data'->>'suppressed_by' as by from outbox
       where type = 'dev.postern.response.executed.v1'`,
    );
    expect(told).toContainEqual({ action: 'request_rotation', by: 'approval_missing' });
    expect(warned).toEqual(
      expect.arrayContaining([expect.objectContaining({ requestId, entityId: thief.entity })]),
    );
  });

  it('raises D21 for a version that somebody else wrote', async () => {
    const value = { data: { password: 'hunter3-of-the-thief' } };
    await bao.admin.ask('POST', 'secret/data/ledger', value, thief.token);
    lines += (await ship()).length;
    await looked(lines);
    expect((await detections()).map(({ rule }) => rule)).toEqual(['D19', 'D21']);
  });

  it('passes lines that are none, and goes on', async () => {
    const messages = ['{', 'x'.repeat(900_000), JSON.stringify({ message: 'wrapped' })];
    await producer.send({ topic, messages: messages.map((value) => ({ value })) });
    await read(thief, 'secret/data/ledger');
    lines += (await ship()).length + messages.length;
    await looked(lines);
    expect(await counted('unreadable')).toBe(3);
    expect(await counted('past')).toBe(6);
    expect(JSON.stringify(await health.readiness())).toContain('cannot be read');
    expect(warned.filter((told) => JSON.stringify(told).includes(topic))).not.toEqual([]);
  });

  it('sees a version that is written by another path of the same secret', async () => {
    const value = { data: { password: 'hunter4-of-the-thief' } };
    const written = await bao.admin.ask('POST', 'secret/data/%2Fledger', value, thief.token);
    expect(written.status).toBe(200);
    // The store counts it among the versions of the secret, which nobody can read any more as it was.
    expect((await read(postern, 'secret/data/ledger')).status).toBe(500);
    const fresh = await ship();
    expect(fresh.join()).toContain('"secret/data//ledger"');
    lines += fresh.length;
    await looked(lines);
    expect(await counted('past')).toBe(7);
  });

  it('goes on after lines of any time that it takes', async () => {
    await read(thief, 'secret/data/ledger?version=1');
    const fresh = await ship();
    const line = JSON.parse(fresh.at(-1)!) as { time: string; request: { id: string } };
    const times = ['0000-01-01T00:00:00Z', '1970-01-01T00:00:00Z', '9998-12-31T23:59:59Z'];
    const messages = [...times, '9999-12-31T23:59:59-14:00'].map((time) => ({
      value: JSON.stringify({ ...line, time, request: { ...line.request, id: randomUUID() } }),
    }));
    await producer.send({ topic, messages: messages.map((one) => ({ ...one, partition: 0 })) });
    lines += fresh.length + messages.length;
    await looked(lines);
    expect(await counted('unreadable')).toBe(5);
    expect(await counted('past')).toBe(10);
  });

  it('keeps no value anywhere', async () => {
    const rows = await fixture.server.database.query('select * from vault_access');
    expect(rows).toHaveLength(8);
    expect(JSON.stringify([rows, await detections(), warned])).not.toMatch(/hunter|hmac/);
  });
});
