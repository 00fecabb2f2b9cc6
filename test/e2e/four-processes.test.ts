import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { PosternClient } from '#client';
import { KafkaEventBus } from '#adapters/kafka';
import { EVENT_TOPICS, type RecordedEvent } from '#events';
import { Apache } from '../support/apache.js';
import { describeWithServer } from '../support/describe-with-server.js';
import { freePort } from '../support/free-port.js';
import { makePosternFolder, type PosternFolder } from '../support/postern-folder.js';
import { PosternProcess } from '../support/postern-process.js';
import { testPostgres, type TestDatabase } from '../support/postgres.js';
import { until } from '../support/until.js';
import { parse, stringify } from 'yaml';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

const SECRET = 'the-ledger-password-1987';
const FIRST_USED = 'dev.postern.handle.first_used.v1';
const KAFKA = process.env['POSTERN_TEST_KAFKA_BROKERS'] ?? '';
const OPENBAO = process.env['POSTERN_TEST_OPENBAO_ADDR'] ?? '';
const OPENBAO_TOKEN = process.env['POSTERN_TEST_OPENBAO_TOKEN'] ?? '';

/** Writes the secret as an admin would, to a path of this run. */
async function writeSecret(path: string): Promise<void> {
  const response = await fetch(`${OPENBAO}/v1/secret/data/${path}`, {
    method: 'POST',
    headers: { 'x-vault-token': OPENBAO_TOKEN },
    body: JSON.stringify({ data: { username: 'ledger-svc', password: SECRET } }),
  });
  if (!response.ok) throw new Error(`OpenBao answered ${response.status}`);
}

/** The same deployment, another process: the configuration with other listeners. */
async function listeners(
  folder: PosternFolder,
  app: string,
): Promise<{ file: string; admin: string; origin: string }> {
  const config = parse(readFileSync(folder.configFile, 'utf8')) as Record<string, unknown>;
  const [publicPort, adminPort] = [await freePort(), await freePort()];
  config['listen'] = {
    public: { host: '127.0.0.1', port: publicPort },
    admin: { host: '127.0.0.1', port: adminPort },
  };
  const file = join(folder.folder, `${app}.yaml`);
  writeFileSync(file, stringify(config));
  return {
    file,
    admin: `http://127.0.0.1:${adminPort}`,
    origin: `http://127.0.0.1:${publicPort}`,
  };
}

/** The status of a call that comes from that address of this machine. */
async function statusFrom(localAddress: string, url: string, handle: string): Promise<number> {
  const headers = { authorization: `Bearer ${handle}` };
  const sent = request(url, { localAddress, headers }).end();
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  answer.resume();
  return answer.statusCode ?? 0;
}

/** Needs all of them: a real Kafka, OpenBao, Apache and PostgreSQL. */
const describeOnAll = (body: () => void): void =>
  describeWithServer('with secrets', 'openbao', () =>
    describeWithServer('with a legacy backend', 'apache', () =>
      describeWithServer('with a database', 'postgres-18', body),
    ),
  );

describeWithServer('sts, proxy, control and relay as four processes', 'kafka', () => {
  describeOnAll(() => {
    let apache: Apache;
    let database: TestDatabase;
    let folder: PosternFolder;
    let bus: KafkaEventBus;
    const processes: PosternProcess[] = [];
    const origins: Record<string, { admin: string; origin: string }> = {};
    const events: RecordedEvent[] = [];

    async function start(app: 'sts' | 'proxy' | 'control' | 'relay'): Promise<void> {
      const { file, admin, origin } = await listeners(folder, app);
      origins[app] = { admin, origin };
      const process = new PosternProcess({
        app,
        readyUrl: `${admin}/readyz`,
        environment: {
          POSTERN_CONFIG: file,
          DATABASE_URL: await database.urlAs(`postern_${app}`),
          ...(app === 'relay' ? { KAFKA_BROKERS: KAFKA } : {}),
          ...(app === 'proxy' ? { VAULT_ADDR: OPENBAO, VAULT_TOKEN: OPENBAO_TOKEN } : {}),
        },
      });
      processes.push(process);
      await process.start();
    }

    beforeAll(async () => {
      const path = `legacy/ledger-${randomUUID()}`;
      const files = { 'api/accounts/42': '{"account":"42"}' };
      apache = await Apache.start({ username: 'ledger-svc', password: SECRET, files });
      await writeSecret(path);
      folder = await makePosternFolder({
        destination: `${apache.origin}/api`,
        resource: { credential: { ref: { mount: 'secret', path } } },
      });
      database = (await testPostgres(18))!;
      for (const app of ['sts', 'proxy', 'control', 'relay'] as const) await start(app);
      bus = new KafkaEventBus({
        brokers: KAFKA.split(','),
        clientId: 'e2e',
        onProblem: () => undefined,
      });
      await bus.subscribe({
        group: `e2e-${randomUUID()}`,
        topics: EVENT_TOPICS, // On the command topic lies what others sign.
        from: 'earliest',
        handle: async ({ event }) => void events.push(event),
        onFailure: () => undefined,
      });
    }, 180_000);

    afterAll(async () => {
      await bus.close();
      for (const process of processes) await process.stop();
      await apache.stop();
      await database.drop();
    }, 60_000);

    const of = (wanted: string, handleId: string): RecordedEvent[] =>
      events.filter(({ type, partitionkey }) => type === wanted && partitionkey === handleId);
    const sequenceOf = (place: number): string => String(place).padStart(20, '0');
    const subjects = (): string[] => events.map(({ type, subject }) => `${type} ${subject}`);

    it('exchanges, calls, revokes by the admin API, and refuses the next call', async () => {
      const sts = new PosternClient(origins['sts']!.origin);
      const proxy = new PosternClient(origins['proxy']!.origin);
      const subjectToken = await folder.issuer.mint('settler');
      const issued = await sts.exchange({ subjectToken, audience: 'ledger' });

      const response = await proxy.call(issued.handle, 'ledger', 'accounts/42');
      expect([response.status, await response.text()]).toEqual([200, '{"account":"42"}']);

      const operatorToken = await folder.issuer.mint('operator');
      const operator = await sts.exchange({
        subjectToken: operatorToken,
        audience: 'postern',
        scopes: ['admin.revoke', 'admin.read'],
      });
      const revoked = await fetch(`${origins['control']!.admin}/admin/v1/revoke`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${operator.handle}`,
          'content-type': 'application/json',
        },
        body: JSON.stringify({ scope: 'handle', id: issued.handleId, reason: 'e2e' }),
      });
      expect(await revoked.json()).toMatchObject({ revoked: [issued.handleId] });
      await until(
        'the revoked handle is refused within a second',
        async () => (await proxy.call(issued.handle, 'ledger', 'accounts/42')).status === 401,
        1_000,
      );
      await until(
        'the events are on Kafka',
        () =>
          subjects().includes(`dev.postern.handle.revoked.v1 handle/${issued.handleId}`) &&
          events.some(
            ({ type, data }) =>
              type === 'dev.postern.call.completed.v1' &&
              (data as { handle_id?: string }).handle_id === issued.handleId,
          ),
        30_000,
      );
      expect(of(FIRST_USED, issued.handleId)).toMatchObject([
        { sequence: sequenceOf(2), data: { same_client: true } },
      ]);
    }, 60_000);

    it('tells that a handle is first used from another address than it was given to', async () => {
      const sts = new PosternClient(origins['sts']!.origin);
      const subjectToken = await folder.issuer.mint('settler');
      const { handle, handleId } = await sts.exchange({ subjectToken, audience: 'ledger' });
      const url = `${origins['proxy']!.origin}/proxy/ledger/accounts/42`;
      const calls = Array.from({ length: 4 }, () => statusFrom('127.0.0.2', url, handle));
      expect(await Promise.all(calls)).toEqual([200, 200, 200, 200]);
      const [told, ended] = [
        () => of(FIRST_USED, handleId),
        () => of('dev.postern.call.completed.v1', handleId),
      ];
      await until('it is on Kafka', () => told().length > 0 && ended().length === 4, 30_000);
      expect(told()).toMatchObject([{ sequence: sequenceOf(2), data: { same_client: false } }]);
      // No number is left for another one.
      expect(ended().map(({ sequence }) => sequence)).toEqual([3, 4, 5, 6].map(sequenceOf));
    }, 60_000);

    it('keeps the secret out of events and logs', () => {
      const texts = [JSON.stringify(events), ...processes.map(({ output }) => output)];
      const basic = Buffer.from(`ledger-svc:${SECRET}`).toString('base64');
      for (const text of texts) {
        expect(text).not.toContain(SECRET);
        expect(text).not.toContain(basic);
      }
      expect(events.length).toBeGreaterThan(3);
    });

    it('stops each process in order when asked', async () => {
      const codes = await Promise.all(processes.map((process) => process.stop()));
      expect(codes).toEqual([0, 0, 0, 0]);
    }, 60_000);
  });
});
