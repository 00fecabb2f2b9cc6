import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import { type AddressInfo } from 'node:net';
import { randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import kafkajs, { type Producer } from 'kafkajs';
import { PosternClient } from '#client';
import { TOPICS } from '#events';
import { describeWithServer } from '../support/describe-with-server.js';
import { freePort } from '../support/free-port.js';
import { grantSettings, makePosternFolder, type PosternFolder } from '../support/postern-folder.js';
import { PosternProcess } from '../support/postern-process.js';
import { testPostgres, type TestDatabase } from '../support/postgres.js';
import { until } from '../support/until.js';

const KAFKA = process.env['POSTERN_TEST_KAFKA_BROKERS'] ?? '';
const TRANSMITTER = 'https://soc.test';
const EVENT_TYPE = 'https://postern.dev/secevent/event-type/';

type Claims = Readonly<Record<string, unknown>>;
interface Row {
  readonly data: Readonly<Record<string, unknown>>;
}

describeWithServer('commands by Kafka', 'kafka', () => {
  describeWithServer('and a database', 'postgres-18', () => {
    let folder: PosternFolder;
    let database: TestDatabase;
    let sts: PosternProcess;
    let control: PosternProcess;
    let adminOrigin: string;
    let client: PosternClient;
    let producer: Producer;
    let backend: Server;

    beforeAll(async () => {
      backend = createServer((_request, response) => response.end('{}')).listen(0, '127.0.0.1');
      await once(backend, 'listening');
      const adminPort = await freePort();
      adminOrigin = `http://127.0.0.1:${adminPort}`;
      folder = await makePosternFolder({
        destination: `http://127.0.0.1:${(backend.address() as AddressInfo).port}`,
        listen: { control: { admin: { host: '127.0.0.1', port: adminPort } } },
        overrides: {
          signals: [
            {
              id: 'soc',
              issuer: TRANSMITTER,
              keys: { file: './jwks.json' },
              algorithms: ['ES256'],
              subjects: ['test-issuer'],
              commands: {
                actions: ['revoke', 'suspend', 'resume'],
                scopes: ['handle', 'family', 'resource'],
              },
              owner: 'soc@example',
              purpose: 'Ends what was stolen',
              reviewBy: '2027-12-31',
            },
          ],
        },
      });
      folder.writeGrant(grantSettings('bridge', 'bridge', 'postern', ['events.command']));
      database = (await testPostgres(18))!;
      const environment = { POSTERN_CONFIG: folder.configFile };
      sts = new PosternProcess({
        app: 'sts',
        readyUrl: `${folder.adminOrigin}/readyz`,
        environment: { ...environment, DATABASE_URL: await database.urlAs('postern_sts') },
      });
      control = new PosternProcess({
        app: 'control',
        readyUrl: `${adminOrigin}/readyz`,
        environment: {
          ...environment,
          DATABASE_URL: await database.urlAs('postern_control'),
          KAFKA_BROKERS: KAFKA,
        },
      });
      await Promise.all([sts.start(), control.start()]);
      client = new PosternClient(folder.publicOrigin);
      const { Kafka, logLevel, Partitioners } = kafkajs;
      const kafka = new Kafka({ brokers: KAFKA.split(','), logLevel: logLevel.ERROR });
      producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
      await producer.connect();
    }, 180_000);

    afterAll(async () => {
      await producer.disconnect();
      const codes = [await control.stop(), await sts.stop()];
      backend.close();
      await database.drop();
      expect(codes).toEqual([0, 0]);
    }, 60_000);

    const exchange = async (subject = 'settler', audience = 'ledger') =>
      client.exchange({ subjectToken: await folder.issuer.mint(subject), audience });
    const signed = (action: string, event: Claims, issuer = TRANSMITTER): Promise<string> => {
      const { privateKey, kid } = folder.issuer.signingKey;
      return new SignJWT({
        jti: randomUUID(),
        events: { [EVENT_TYPE + action]: { reason: 'incident 4711', ...event } },
      })
        .setProtectedHeader({ alg: 'ES256', kid, typ: 'secevent+jwt' })
        .setIssuer(issuer)
        .setAudience(folder.publicOrigin)
        .setIssuedAt()
        .sign(privateKey);
    };
    const send = async (key: string, value: string): Promise<void> => {
      await producer.send({ topic: TOPICS.command, messages: [{ key, value }] });
    };
    const statusOf = async (id: string): Promise<string | undefined> => {
      const rows = await database.database.query<{ status: string }>(
        'select status from handle where id = $1',
        [id],
      );
      return rows[0]?.status;
    };
    const recorded = async (type: string): Promise<readonly Row['data'][]> => {
      const rows = await database.database.query<Row>(
        `select payload -> 'data' as data from outbox where type = $1 order by seq`,
        [`dev.postern.command.${type}.v1`],
      );
      return rows.map(({ data }) => data);
    };
    const isStatus = (id: string, status: string): Promise<void> =>
      until(`${id} is ${status}`, async () => (await statusOf(id)) === status, 30_000);

    it('revokes by a signed record, behind forged ones of the same key, which leave events', async () => {
      const { handleId: id } = await exchange();
      const key = `handle:${id}`;
      const good = await signed('revoke', { scope: 'handle', id });
      await send(key, 'not a token');
      await send(key, await signed('revoke', { scope: 'handle', id }, 'https://else.test'));
      await send(key, good);
      await isStatus(id, 'revoked');
      const accepted = await recorded('accepted');
      expect(accepted).toMatchObject([{ issuer: 'signals/soc', target: key, handles: 1 }]);
      const told = (await recorded('rejected')).map(({ rejection }) => rejection);
      expect(told).toEqual(expect.arrayContaining(['malformed', 'invalid_issuer']));
    }, 60_000);

    it('does nothing when the same token comes again, and says so', async () => {
      const { handleId: id } = await exchange();
      const set = await signed('suspend', { scope: 'handle', id });
      const key = `handle:${id}`;
      await send(key, set);
      await isStatus(id, 'suspended');
      await send(key, await signed('resume', { scope: 'handle', id }));
      await isStatus(id, 'active');
      await send(key, set);
      await until(
        'the replay is told',
        async () => (await recorded('rejected')).some(({ rejection }) => rejection === 'replayed'),
        30_000,
      );
      expect(await statusOf(id)).toBe('active');
    }, 60_000);

    it('suspends a resource: no exchange for it until it is resumed, and the answer tells nothing', async () => {
      const { handleId: id } = await exchange();
      await send('resource:ledger', await signed('suspend', { scope: 'resource', id: 'ledger' }));
      await isStatus(id, 'suspended');
      await expect(exchange()).rejects.toThrow('invalid_target');
      const rows = await database.database.query<Row>(
        `select payload -> 'data' as data from outbox where type = 'dev.postern.exchange.denied.v1'`,
      );
      expect(rows.at(-1)).toMatchObject({ data: { reason: 'suspended' } });
      await send('resource:ledger', await signed('resume', { scope: 'resource', id: 'ledger' }));
      await isStatus(id, 'active');
      await expect(exchange()).resolves.toHaveProperty('handle');
    }, 60_000);

    it('takes the same command by push', async () => {
      const { handleId: id } = await exchange();
      const { handle: bridge } = await exchange('bridge', 'postern');
      const push = (body: string): Promise<Response> =>
        fetch(`${adminOrigin}/events/set`, {
          method: 'POST',
          headers: {
            authorization: `Bearer ${bridge}`,
            'content-type': 'application/secevent+jwt',
          },
          body,
        });
      expect((await push(await signed('revoke', { scope: 'handle', id }))).status).toBe(202);
      expect(await statusOf(id)).toBe('revoked');
      const refused = await push(await signed('revoke', { scope: 'subject', id: 'sub_x' }));
      expect([refused.status, await refused.json()]).toMatchObject([400, { err: 'access_denied' }]);
    }, 60_000);

    it('says in its ready line where commands come from', () => {
      expect(control.output).toContain(`commands by push and from Kafka ${KAFKA}`);
    });
  });
});
