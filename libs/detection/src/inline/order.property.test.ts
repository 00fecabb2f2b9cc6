import fc from 'fast-check';
import { type RecordedEvent } from '#events';
import { secondsAfter } from '#kernel';
import {
  aDeniedCall,
  aDeniedExchange,
  anActor,
  aPermittedExchange,
  aRevokedHandle,
  DETECTION_AT,
  DetectionRig,
  OTHER_CLIENT,
  TEST_CLIENT,
} from '#testing';

const at = (seconds: number) => ({ at: secondsAfter(DETECTION_AT, seconds) });

/** What belongs together: a token in two environments, replayed, its handle revoked, used and expired. */
function story(seed: number): readonly RecordedEvent[] {
  const family_id = `fam_${seed}`;
  const first = aPermittedExchange({
    family_id,
    exchange_id: `exc_${seed}`,
    handle_id: `hdl_${seed}`,
  });
  const { exchange_id: prior_exchange_id, handle_id } = first.data;
  const elsewhere = { environment: 'staging', deployment: 'postern-staging' };
  const stranger = anActor('sub_1', OTHER_CLIENT);
  return [
    first,
    aPermittedExchange({ family_id, env: 'staging' }, { ...at(9), ...elsewhere }),
    aDeniedExchange({ prior_exchange_id }, at(4)),
    aDeniedExchange({ prior_exchange_id, actor: stranger }, at(5)),
    aDeniedExchange({ prior_exchange_id, reason: 'cross_env_replay' }, { ...at(6), ...elsewhere }),
    aRevokedHandle(handle_id, { family_id, reason: 'compromised' }, at(10)),
    ...[11, 40, 75, 80, 85, 90, 95].map((s) =>
      aDeniedCall({ handle_id, client: TEST_CLIENT }, at(s)),
    ),
    aDeniedCall({ handle_id, client: OTHER_CLIENT }, at(50)),
    ...[301, 302, 303].map((s) => aDeniedCall({ handle_id, reason: 'expired', count: 8 }, at(s))),
    aDeniedCall(
      { reason: 'env_mismatch', env_handle: 'staging', handle_fp: 'a'.repeat(32) },
      at(3),
    ),
    aDeniedCall({ handle_id, reason: 'binding_mismatch' }, at(2)),
  ];
}

/** What was found in the end: of each name with the severity it had come to, and what was to be done. */
async function found(batches: readonly (readonly RecordedEvent[])[]): Promise<unknown> {
  const rig = new DetectionRig();
  for (const batch of batches) await rig.pipeline.take(batch);
  const detections = await rig.store.list({ limit: 500 });
  const names = detections.map(({ rule, entity, startAt, severity, responses }) => [
    ...[rule, entity.id, startAt.toISOString(), severity],
    responses.map(({ target }) => target).sort(),
  ]);
  const orders = rig.orders.all.map(({ rule, response }) => `${rule} ${response.target}`).sort();
  return { names: names.map((name) => JSON.stringify(name)).sort(), orders };
}

describe('what inline rules find', () => {
  const events = [...story(1), ...story(2)];

  it('is something of each rule that joins events', async () => {
    const { names } = (await found([events])) as { names: string[] };
    const rules = new Set(names.map((name) => (JSON.parse(name) as string[])[0]));
    expect([...rules].sort()).toEqual(['D01', 'D02', 'D03', 'D04', 'D05', 'D06']);
  });

  it('is the same in any order, twice, one by one or all at once', async () => {
    const expected = await found([events]);
    const shuffled = fc.shuffledSubarray([...events, ...events], {
      minLength: 2 * events.length,
      maxLength: 2 * events.length,
    });
    await fc.assert(
      fc.asyncProperty(shuffled, fc.integer({ min: 1, max: 12 }), async (order, size) => {
        const batches = Array.from({ length: Math.ceil(order.length / size) }, (_, n) =>
          order.slice(n * size, (n + 1) * size),
        );
        expect(await found(batches)).toEqual(expected);
      }),
      { numRuns: 60 },
    );
  });
});
