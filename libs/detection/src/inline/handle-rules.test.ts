import { secondsAfter } from '#kernel';
import {
  aDeniedCall,
  aPermittedExchange,
  aRevokedHandle,
  DETECTION_AT,
  DetectionRig,
  detectionSettings,
  OTHER_CLIENT,
  TEST_CLIENT,
} from '#testing';

const at = (seconds: number): { readonly at: Date } => ({
  at: secondsAfter(DETECTION_AT, seconds),
});
const FINGERPRINT = '0123456789abcdef0123456789abcdef';
const staging = { environment: 'staging', deployment: 'postern-staging' };

describe('D03, a handle in another environment', () => {
  const carried = aDeniedCall({
    reason: 'env_mismatch',
    env_handle: 'staging',
    handle_fp: FINGERPRINT,
  });
  const inProd = () => new DetectionRig();
  const inStaging = () => new DetectionRig(detectionSettings(staging));

  it('is critical where it was denied, which can do nothing about it', async () => {
    expect(await inProd().candidates(carried)).toMatchObject([
      {
        rule: 'D03',
        severity: 'critical',
        entity: { type: 'handle', id: `fp:${FINGERPRINT}` },
        responses: [],
      },
    ]);
  });

  it('is critical where it was issued, which revokes it by its digest', async () => {
    const [found] = await inStaging().candidates(carried);
    expect(found!.severity).toBe('critical');
    expect(found!.responses).toEqual([
      { action: 'revoke_handle', target: `handle_fp:${FINGERPRINT}`, seconds: undefined },
    ]);
  });

  it('is revoked by its id where it was denied by a store that knows it', async () => {
    const known = aDeniedCall({ ...carried.data, handle_id: 'hdl_1' });
    const [found] = await inProd().candidates(known);
    expect(found!.responses[0]!.target).toBe('handle:hdl_1');
  });

  it.each([
    ['prod in staging', 'prod', staging, 'critical'],
    ['dev in staging', 'dev', staging, 'high'],
  ])('of %s is graded by what is at stake', async (_, env_handle, place, severity) => {
    const event = aDeniedCall({ ...carried.data, env_handle, env_listener: 'staging' }, place);
    expect(await inStaging().candidates(event)).toMatchObject([{ severity }]);
  });

  it.each([
    ['was made up without care', { checksum_ok: false }],
    ['has no fingerprint', { handle_fp: undefined }],
    ['has a fingerprint that is none', { handle_fp: 'handle:hdl_1' }],
    ['has a short fingerprint', { handle_fp: FINGERPRINT.slice(1) }],
    ['is of no environment', { env_handle: undefined }],
    ['is of this environment', { env_handle: 'prod' }],
    ['was refused for something else', { reason: 'unknown' as const }],
  ])('is nothing when it %s', async (_, change) => {
    const event = aDeniedCall();
    Object.assign(event.data, carried.data, change);
    expect(await inProd().candidates(event)).toEqual([]);
    expect(await inStaging().candidates(event)).toEqual([]);
  });

  it('is no business of a third environment', async () => {
    const third = new DetectionRig(detectionSettings({ environment: 'dev', deployment: 'd' }));
    expect(await third.candidates(carried)).toEqual([]);
  });

  it('is one candidate an hour, however often it comes', async () => {
    const again = [1, 3599, 3600].map((second) => aDeniedCall(carried.data, at(second)));
    const found = await inProd().candidates(carried, ...again);
    expect(found.map(({ startAt }) => startAt)).toEqual([DETECTION_AT, at(3600).at]);
  });
});

describe('D04, use after revocation', () => {
  const origin = aPermittedExchange({ handle_exp: DETECTION_AT.getTime() / 1000 + 300 });
  const { handle_id, family_id } = origin.data;
  const revoked = aRevokedHandle(handle_id, { family_id });
  const compromised = aRevokedHandle(handle_id, { family_id, reason: 'compromised laptop' });
  const tried = (
    second: number,
    client: { ip: string; user_agent: string } = TEST_CLIENT,
    count = 1,
  ) => aDeniedCall({ handle_id, client, count }, at(second));
  const tries = (count: number, second: number) =>
    Array.from({ length: count }, () => tried(second));
  const partly = { ip: TEST_CLIENT.ip, user_agent: 'curl/8' };

  it.each([
    ['at once', [tried(0)], 'info'],
    ['at five seconds', [tried(5)], 'info'],
    ['at five seconds by another client', [tried(5, OTHER_CLIENT)], 'info'],
    ['after five seconds', [tried(5.001)], 'low'],
    ['after five seconds by another client', [tried(5.001, OTHER_CLIENT)], 'high'],
    ['often within a minute', tries(50, 60), 'low'],
    ['four times after a minute', tries(4, 60.001), 'low'],
    ['five times after a minute', tries(5, 60.001), 'medium'],
    ['five times after a minute, told once', [tried(61, TEST_CLIENT, 5)], 'medium'],
    ['five times, one of them within the minute', [...tries(4, 61), tried(60)], 'low'],
    ['by a client that is the same in part', [tried(61, partly)], 'low'],
    ['by the same, then by another client', [tried(1), tried(70, OTHER_CLIENT)], 'high'],
    ['before it, by a clock that is behind', [tried(-3)], 'info'],
  ])('%s is graded', async (_, denials, severity) => {
    const found = await new DetectionRig().candidates(origin, revoked, ...denials);
    expect(found).toMatchObject([{ rule: 'D04', severity, startAt: DETECTION_AT, responses: [] }]);
  });

  it.each([
    ['behind by half a minute, long after it', tried(-10, OTHER_CLIENT), 20, 'high'],
    ['ahead by half a minute, at once', tried(32, OTHER_CLIENT), 2, 'info'],
  ])('is graded by the clock of the database: a proxy %s', async (_, denial, second, severity) => {
    const written = { ...denial, recordedtime: at(second).at.toISOString() };
    const found = await new DetectionRig().candidates(origin, revoked, written);
    expect(found).toMatchObject([{ severity }]);
  });

  it.each([
    ['a day after its end', 300 + 86_400, 1],
    ['later than that', 300 + 86_401, 0],
  ])('is looked for until %s', async (_, second, count) => {
    expect(await new DetectionRig().candidates(origin, revoked, tried(second))).toHaveLength(count);
  });

  it('ends the family of a handle that was revoked for compromise, when another client has it', async () => {
    const found = await new DetectionRig().candidates(origin, compromised, tried(70, OTHER_CLIENT));
    expect(found[0]!.responses).toEqual([
      { action: 'revoke_family', target: `family:${family_id}`, seconds: undefined },
    ]);
  });

  it.each([
    ['the same client', compromised, [tried(70)]],
    ['a revocation for another reason', revoked, [tried(70, OTHER_CLIENT)]],
    [
      'a holder who says so of himself',
      aRevokedHandle(handle_id, { family_id, reason: 'compromised', initiator: 'subject' }),
      [tried(70, OTHER_CLIENT)],
    ],
  ])('ends nothing more for %s', async (_, revocation, denials) => {
    const [found] = await new DetectionRig().candidates(origin, revocation, ...denials);
    expect(found!.responses).toEqual([]);
  });

  it('is graded without the exchange too, and more severely when that comes', async () => {
    const rig = new DetectionRig();
    const [before] = await rig.candidates(revoked, tried(70, OTHER_CLIENT));
    expect(before!.severity).toBe('low');
    expect(await rig.candidates(origin)).toMatchObject([{ rule: 'D04', severity: 'high' }]);
  });

  it('is nothing while the handle was never revoked, and nothing of another deployment', async () => {
    expect(await new DetectionRig().candidates(origin, tried(70))).toEqual([]);
    const other = new DetectionRig(detectionSettings({ deployment: 'postern-eu' }));
    expect(await other.candidates(origin, revoked, tried(70, OTHER_CLIENT))).toEqual([]);
  });
});

describe('D05, use after expiry', () => {
  const origin = aPermittedExchange({ handle_exp: DETECTION_AT.getTime() / 1000 });
  const { handle_id } = origin.data;
  const late = (second: number, count = 1) =>
    aDeniedCall({ handle_id, reason: 'expired', count }, at(second));

  it.each([
    ['once', [late(1)], 'low', 1],
    ['nineteen times in five minutes', [late(1, 18), late(300)], 'low', 19],
    ['twenty times in five minutes', [late(1, 19), late(300.999)], 'medium', 20],
    ['twenty times, the last as the window ends', [late(1, 19), late(301)], 'low', 19],
    ['twenty times, slowly', Array.from({ length: 20 }, (_, n) => late(n * 60)), 'low', 5],
  ])('%s is graded', async (_, denials, severity, observed) => {
    const found = await new DetectionRig().candidates(origin, ...denials);
    expect(found).toMatchObject([{ rule: 'D05', severity, observed, responses: [] }]);
  });

  it.each([
    [86_400, 1],
    [86_401, 0],
  ])('is looked for until a day after: %d s', async (second, count) => {
    expect(await new DetectionRig().candidates(origin, late(second))).toHaveLength(count);
  });
});

describe('D06 and D09, what one refused call tells', () => {
  const refused = (reason: string, change = {}) => {
    const event = aDeniedCall({ handle_id: 'hdl_1' });
    Object.assign(event.data, { reason }, change);
    return event;
  };

  it('D06 revokes a bound handle that came without its key, and none beside it', async () => {
    expect(await new DetectionRig().candidates(refused('binding_mismatch'))).toMatchObject([
      {
        rule: 'D06',
        severity: 'critical',
        responses: [{ action: 'revoke_handle', target: 'handle:hdl_1' }],
      },
    ]);
  });

  it('D09 calls people when a canary sings, and blocks where it was sung', async () => {
    expect(await new DetectionRig().candidates(refused('canary'))).toMatchObject([
      {
        rule: 'D09',
        severity: 'critical',
        responses: [
          { action: 'page', target: 'handle:hdl_1' },
          { action: 'block_source', target: 'source:10.1.2.3', seconds: 1_800 },
        ],
      },
    ]);
  });

  it('D09 names no more sources than a detection has room for', async () => {
    const from = (n: number) => refused('canary', { client: { ip: `198.51.${n % 256}.1` } });
    const rig = new DetectionRig();
    await rig.pipeline.take(Array.from({ length: 200 }, (_, n) => from(n)));
    const [detection] = await rig.store.list({ limit: 1 });
    expect(detection!.responses).toHaveLength(20);
  });

  it.each(['proof_invalid', 'presentation_not_allowed', 'unknown', 'suspended'])(
    'is nothing when it was refused as %s: a nonce or a clock is no theft',
    async (reason) => {
      expect(await new DetectionRig().candidates(refused(reason))).toEqual([]);
    },
  );

  it.each(['binding_mismatch', 'canary'])(
    'is nothing without a handle, or elsewhere: %s',
    async (reason) => {
      expect(
        await new DetectionRig().candidates(refused(reason, { handle_id: undefined })),
      ).toEqual([]);
      const other = new DetectionRig(detectionSettings(staging));
      expect(await other.candidates(refused(reason))).toEqual([]);
    },
  );
});
