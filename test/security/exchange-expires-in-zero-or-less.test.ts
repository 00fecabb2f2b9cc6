import fc from 'fast-check';
import { PosternClient } from '#client';
import { ExchangeUnderTest } from '#testing';
import { DpopServer } from '../support/dpop-server.js';
import { PROPERTY_TIMEOUT_MS, refusedExchange, runs } from './refused-exchange.js';
import { StsEndpoint } from './sts-endpoint.js';

const SKEW_SECONDS = 30;

/**
 * Kong 3.14 kept a token whose `expires_in` was 0 or less for ever, since it never came to its end. Here no such answer
 * is given, not even within the clock skew in which an expired subject token is still believed; and our client takes none.
 */
describe('a subject token with nothing left', () => {
  let endpoint: StsEndpoint;
  beforeAll(async () => {
    endpoint = await StsEndpoint.start();
  });
  afterAll(() => endpoint.close());

  const seconds = (): number => Math.floor(endpoint.sts.clock.now().getTime() / 1_000);

  it.each([0, -1, -15, -29])(
    'X-26: is refused at %i s from its expiry, which the clock skew still forgives',
    async (left) => {
      const token = await endpoint.sts.mint({ iat: seconds() - 60, exp: seconds() + left });
      expect(await refusedExchange(endpoint, { subject_token: token })).toMatchObject({
        error: 'invalid_request',
        reason: 'no_lifetime_left',
      });
    },
  );

  it('X-26: is refused beyond the clock skew for being expired', async () => {
    const token = await endpoint.sts.mint({ iat: seconds() - 60, exp: seconds() - SKEW_SECONDS });
    expect(await refusedExchange(endpoint, { subject_token: token })).toMatchObject({
      error: 'invalid_request',
      reason: 'expired',
    });
  });

  it('X-26: is refused in its last second, of which no whole one is left', async () => {
    const token = await endpoint.sts.mint({ exp: seconds() + 1 });
    endpoint.sts.clock.advance(0.001);
    expect(await refusedExchange(endpoint, { subject_token: token })).toMatchObject({
      error: 'invalid_request',
      reason: 'no_lifetime_left',
    });
    endpoint.sts.clock.advance(-0.001);
  });
});

it(
  'X-26: expires_in is a whole number of at least 1 and never above what is left, at any instant',
  async () => {
    const sts = await ExchangeUnderTest.create();
    const start = sts.clock.now();
    const exp = start.getTime() / 1_000 + 300;
    const instant = fc.integer({ min: -1_000, max: 340_000 });
    await fc.assert(
      fc.asyncProperty(instant, async (milliseconds) => {
        sts.clock.set(start);
        const token = await sts.mint({ exp });
        sts.clock.set(new Date(start.getTime() + milliseconds));
        const left = 300 - milliseconds / 1_000;
        const issued = await sts.exchange({ subject_token: token }).catch(() => undefined);
        if (left < 1) {
          expect(issued).toBeUndefined();
          return;
        }
        expect(issued?.expiresInSeconds).toBe(Math.min(300, Math.floor(left)));
        const handle = await sts.handles.findById(issued!.handleId);
        expect(handle!.expiresAt.getTime()).toBeLessThanOrEqual(exp * 1_000);
      }),
      { numRuns: runs(300), examples: [[299_000], [299_001], [300_000], [329_999], [330_000]] },
    );
  },
  PROPERTY_TIMEOUT_MS,
);

describe('the client', () => {
  let server: DpopServer;
  beforeEach(async () => {
    server = await DpopServer.start();
  });
  afterEach(() => server.stop());

  const answered = (expiresIn: string): Promise<unknown> => {
    server.tokenAnswer =
      '{"access_token":"pst_test_1","issued_token_type":"urn:ietf:params:oauth:token-type:access_token",' +
      `"token_type":"Bearer","handle_id":"hdl_1","scope":"ledger.read","expires_in":${expiresIn}}`;
    const client = new PosternClient(server.origin);
    return client.exchange({ subjectToken: 'a.b.c', audience: 'ledger' });
  };

  it.each(['0', '-0', '-1', '-300', '0.5', '"300"', 'null', 'true', '[300]', '1e400', '1e300'])(
    'X-26: takes no handle that expires in %s',
    async (expiresIn) => {
      await expect(answered(expiresIn)).rejects.toMatchObject({ code: 'unexpected_answer' });
    },
  );

  it.each([1, 300])('takes a handle that expires in %i s', async (expiresIn) => {
    expect(await answered(String(expiresIn))).toMatchObject({ expiresInSeconds: expiresIn });
  });

  it('X-26: keeps no handle: each exchange asks again', async () => {
    const client = new PosternClient(server.origin);
    const request = { subjectToken: 'a.b.c', audience: 'ledger' };
    const one = await client.exchange(request);
    const other = await client.exchange(request);
    expect(other.handle).not.toBe(one.handle);
    expect(server.seen).toHaveLength(2);
  });
});
