import { request as httpRequest } from 'node:http';
import { type HttpHost, startHttpHost } from '#platform';
import { ExchangeUnderTest, formBody, type FormParameters } from '#testing';
import { StsModule } from './sts.module.js';

const FORM = 'application/x-www-form-urlencoded';

let sts: ExchangeUnderTest;
let host: HttpHost;
let faults: unknown[];

const start = (): Promise<HttpHost> =>
  startHttpHost({
    module: StsModule.register({ ...sts.parts, onFault: (failure) => faults.push(failure) }),
    listen: { host: '127.0.0.1', port: 0 },
    configure: (app) => StsModule.configure(app),
  });

beforeEach(async () => {
  sts = await ExchangeUnderTest.create();
  faults = [];
  host = await start();
});
afterEach(() => host.close(0));

const url = (path: string): string => `http://127.0.0.1:${host.address.port}${path}`;

const post = async (
  parameters: FormParameters = {},
  headers: Record<string, string> = {},
): Promise<Response> =>
  fetch(url('/oauth2/token'), {
    method: 'POST',
    headers: { 'content-type': FORM, ...headers },
    body: formBody(await sts.baseline(parameters)),
  });

it('tells the events who called: the peer, and what it calls itself', async () => {
  await post({}, { 'user-agent': 'a-workload/2.0', 'x-forwarded-for': '203.0.113.9' });
  expect(sts.permits[0]!.actor.client).toEqual({ ip: '127.0.0.1', user_agent: 'a-workload/2.0' });
});

it.each([
  ['T-10 another grant type', 400, 'unsupported_grant_type', { grant_type: 'foo' }],
  ['X-10 an unknown audience', 400, 'invalid_target', { audience: 'nothing' }],
  ['X-16 a scope too many', 400, 'invalid_scope', { scope: 'ledger.post' }],
  ['T-08 a secret', 401, 'invalid_client', { client_secret: 'x' }],
] as [string, number, string, FormParameters][])(
  'answers %s by %i %s, with one event',
  async (_, status, error, parameters) => {
    const response = await post(parameters);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ error });
    expect(sts.denials.map((denial) => denial.error)).toEqual([error]);
    expect(faults).toEqual([]);
  },
);

it('T-08: says the same of every client that shows a secret', async () => {
  const answers = await Promise.all(
    ['workload-1', 'unknown'].map(async (id) =>
      (await post({ client_id: id, client_secret: 'x' })).text(),
    ),
  );
  expect(new Set(answers).size).toBe(1);
});

it('T-13: stops reading a form that does not end, and closes the connection', async () => {
  const { statusCode, connection, sent } = await sendWithoutEnd();
  expect(statusCode).toBe(400);
  expect(connection).toBe('close');
  expect(sent).toBeLessThan(64 * 1024 * 1024);
  expect(sts.denials.map(({ reason }) => reason)).toEqual(['malformed_request']);
});

it('forgets the uses of expired tokens when it starts, and no others', async () => {
  await sts.exchange();
  sts.clock.advance(300);
  await sts.exchange();
  sts.clock.advance(31);
  await host.close(0);
  host = await start();
  expect(sts.records.uses.size).toBe(1);
});

it('starts, and says what is wrong, when it cannot forget', async () => {
  await host.close(0);
  sts.records.setReachable(false);
  host = await start();
  const fault = expect.objectContaining({ code: 'dependency-unavailable' }) as Error;
  expect(faults).toContainEqual(fault);
  expect(new Set(faults.map((one) => (one as Error).name)).size).toBe(1);
});

interface Answer {
  readonly statusCode: number | undefined;
  readonly connection: string | undefined;
  /** Bytes that were written before the answer came. */
  readonly sent: number;
}

function sendWithoutEnd(): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let sent = 0;
    const headers = { 'content-type': FORM, 'transfer-encoding': 'chunked' };
    const outgoing = httpRequest(url('/oauth2/token'), { method: 'POST', headers }, (answer) => {
      outgoing.off('drain', more);
      const { statusCode, headers: received } = answer;
      answer.resume().once('close', () => {
        outgoing.destroy();
        resolve({ statusCode, connection: received.connection, sent });
      });
    });
    const more = (): void => {
      sent += 16_384;
      if (outgoing.write('x'.repeat(16_384))) setImmediate(more);
    };
    outgoing.on('drain', more).on('error', reject);
    more();
  });
}
