import { type ProxiedResourceRegistration } from '#injection';
import { type ResourceRegistration } from '#policy';
import { describeWithServer } from '../support/describe-with-server.js';
import { RabbitMq } from '../support/rabbitmq.js';
import { until } from '../support/until.js';
import { type Answer, CallPath } from './call-path.js';

const USERNAME = 'ledger-svc';
const FIRST = 'the-first-rabbit-password';
const SECOND = 'the-second-rabbit-password';
/** When a secret in use is asked for again. */
const REFRESH_SECONDS = 60;
const START_MS_MAX = 180_000;
const POLICY: Partial<ResourceRegistration> = {
  scopes: {
    'queues.read': ['GET /whoami', 'GET /vhosts', 'GET /vhosts/{vhost}', 'GET /users/{user}'],
    'queues.use': [
      'PUT /queues/{vhost}/{queue}',
      'GET /queues/{vhost}/{queue}',
      'POST /queues/{vhost}/{queue}/get',
      'POST /exchanges/{vhost}/{exchange}/publish',
    ],
  },
};

/** A management API of others that takes user and password by Basic, and names its default vhost `/`. */
describeWithServer('the management API of RabbitMQ', 'rabbitmq', () => {
  let rabbitMq: RabbitMq;
  beforeAll(async () => {
    rabbitMq = await RabbitMq.start({ username: USERNAME, password: FIRST });
  }, START_MS_MAX);
  afterAll(() => rabbitMq.stop(), 30_000);

  const start = (
    password: string,
    policy: Partial<ResourceRegistration> = {},
    registration: Partial<ProxiedResourceRegistration> = {},
  ): Promise<CallPath> =>
    CallPath.start({
      secret: { username: USERNAME, password },
      registration: { destination: `${rabbitMq.origin}/api`, ...registration },
      policy: { ...POLICY, ...policy },
    });
  const ask = (path: CallPath, method: string, target: string, body?: unknown): Promise<Answer> =>
    path.call(`/proxy/ledger${target}`, {
      method,
      handle: { scopes: ['queues.read', 'queues.use'] },
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
  const everything = (path: CallPath, ...answers: readonly Answer[]): string =>
    JSON.stringify([
      answers,
      path.parts.ledger.completed,
      path.parts.journal.events,
      path.problems,
    ]);

  describe('with a resource that needs no exception', () => {
    let path: CallPath;
    beforeAll(async () => {
      path = await start(FIRST);
    });
    afterAll(() => path.stop());

    it('knows who is asking: the account of the secret, not the caller', async () => {
      const answer = await ask(path, 'GET', '/whoami');
      expect(answer.status).toBe(200);
      expect(JSON.parse(answer.body)).toEqual({ name: USERNAME, tags: ['administrator'] });
      expect(everything(path, answer)).not.toContain(FIRST);
    });

    it('lists its vhosts, and is not asked for one with a slash: %2F is refused', async () => {
      const listed = await ask(path, 'GET', '/vhosts');
      expect((JSON.parse(listed.body) as { name: string }[]).map(({ name }) => name)).toEqual([
        '/',
      ]);
      const refused = await ask(path, 'GET', '/vhosts/%2F');
      expect([refused.status, refused.headers['postern-error']]).toEqual([
        400,
        'ambiguous-request',
      ]);
    });

    it('shows its account with a salted hash of the password, which nobody can find in an answer', async () => {
      const answer = await ask(path, 'GET', `/users/${USERNAME}`);
      expect(JSON.parse(answer.body)).toMatchObject({
        name: USERNAME,
        password_hash: expect.stringMatching(/^[A-Za-z0-9+/=]{48}$/) as unknown,
      });
      expect(answer.body).not.toContain(FIRST);
    });
  });

  describe('with a resource that allows an escaped slash', () => {
    let path: CallPath;
    beforeAll(async () => {
      path = await start(FIRST, { allow: { 'encoded-slash': 'the default vhost is "/"' } });
    });
    afterAll(() => path.stop());

    it('shows its default vhost', async () => {
      const answer = await ask(path, 'GET', '/vhosts/%2F');
      expect(answer.status).toBe(200);
      expect(JSON.parse(answer.body)).toMatchObject({ name: '/' });
    });

    it('makes a queue, takes a message and gives it back, byte for byte', async () => {
      const made = await ask(path, 'PUT', '/queues/%2F/orders', { durable: false });
      expect(made.status).toBe(201);
      const payload = 'a message with "quotes" and ünicode';
      const published = await ask(path, 'POST', '/exchanges/%2F/amq.default/publish', {
        ...{ properties: {}, routing_key: 'orders', payload, payload_encoding: 'string' },
      });
      expect(JSON.parse(published.body)).toEqual({ routed: true });
      const got = await ask(path, 'POST', '/queues/%2F/orders/get', {
        ...{ count: 1, ackmode: 'ack_requeue_false', encoding: 'auto' },
      });
      const body = Buffer.from(got.body, 'latin1').toString();
      expect(JSON.parse(body)).toMatchObject([{ payload, routing_key: 'orders' }]);
    });

    it('is not reached beside the operations: a slash that is escaped begins no segment', async () => {
      const answer = await ask(path, 'GET', '/vhosts%2F%2F/x');
      expect([answer.status, answer.headers['postern-error']]).toEqual([403, 'insufficient_scope']);
    });
  });

  it('answers 401 to a wrong password, and nobody sees which', async () => {
    const path = await start('the-wrong-rabbit-password');
    const answer = await ask(path, 'GET', '/whoami');
    expect([answer.status, JSON.parse(answer.body)]).toMatchObject([
      401,
      { error: 'not_authorized' },
    ]);
    expect(answer.headers['postern-error']).toBeUndefined();
    const told = everything(path, answer);
    expect(told).toContain('"upstream_status":401');
    expect(told).not.toContain('the-wrong-rabbit-password');
    await path.stop();
  });

  it('takes the next version of the secret when its password was changed', async () => {
    const path = await start(FIRST);
    expect((await ask(path, 'GET', '/whoami')).status).toBe(200);
    await rabbitMq.changePassword({ username: USERNAME, password: SECOND });
    const between = await ask(path, 'GET', '/whoami');
    expect(between.status).toBe(401);
    await path.parts.seal({ username: USERNAME, password: SECOND });
    path.parts.clock.advance(REFRESH_SECONDS); // The next call has the store asked, and does not wait for it.
    await until('the new version is used', async () => {
      return (await ask(path, 'GET', '/whoami')).status === 200;
    });
    const after = await ask(path, 'GET', '/whoami');
    expect(after.status).toBe(200);
    const told = path.parts.ledger.completed.map(({ data }) => data.credential_version);
    expect([told[0], told[1], told.at(-1)]).toEqual([1, 1, 2]);
    expect(everything(path, between, after)).not.toMatch(new RegExp(`${FIRST}|${SECOND}`));
    await path.stop();
  });
});
