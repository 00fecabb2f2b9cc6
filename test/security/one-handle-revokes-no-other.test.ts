import fc from 'fast-check';
import { type DetectionSettings, RULES, type RuleId, ruleIds } from '#detection';
import { type CallDenialReason, isOfType, type RecordedEvent } from '#events';
import { secondsAfter, sha256 } from '#kernel';
import {
  aCandidate,
  aDeniedCall,
  aDeniedExchange,
  anActor,
  aPermittedExchange,
  aRecordedEvent,
  aRevokedHandle,
  DETECTION_AT,
  DetectionRig,
  detectionSettings,
} from '#testing';

/**
 * The lesson of automatic revocation elsewhere: who finds a dead credential must not be able to end living ones with it.
 * An attacker holds a handle and a subject token of his own, in any state, and says what he likes from where he likes.
 * Postern may take away what he holds; whatever else it takes away, it takes from somebody else.
 */
const ENVIRONMENTS = ['prod', 'staging'] as const;
type Environment = (typeof ENVIRONMENTS)[number];
const placeOf = (environment: Environment) => ({
  environment,
  deployment: `postern-${environment}`,
});

interface Holding {
  readonly subject: string;
  readonly exchanges: Readonly<
    Record<Environment, RecordedEvent<'dev.postern.exchange.permitted.v1'>>
  >;
  readonly fingerprint: string;
}

/** A workload with a subject token, and a handle in an environment for it. */
function holding(subject: string): Holding {
  const of = (environment: Environment) =>
    aPermittedExchange(
      {
        actor: anActor(subject),
        family_id: `fam_${subject.slice(4)}${environment}`,
        handle_id: `hdl_${subject.slice(4)}${environment}`,
        grant_id: `grant-of-${subject}`,
        env: environment,
      },
      placeOf(environment),
    );
  const exchanges = { prod: of('prod'), staging: of('staging') };
  return { subject, exchanges, fingerprint: sha256(`plaintext of ${subject}`).slice(0, 32) };
}

const attacker = holding('sub_attacker');
const victims = ['sub_victim1', 'sub_victim2'].map(holding);

/** All that may be taken from the attacker: what he holds, by whatever it is known. */
const HIS = new Set([
  `handle_fp:${attacker.fingerprint}`,
  `grant:grant-of-${attacker.subject}`,
  ...ENVIRONMENTS.flatMap((environment) => {
    const { handle_id, family_id } = attacker.exchanges[environment].data;
    return [`handle:${handle_id}`, `family:${family_id}`];
  }),
  'family:fam_attackertoken',
]);

const REASONS = [
  ...['revoked', 'expired', 'suspended', 'binding_mismatch', 'env_mismatch', 'canary'],
  ...['operation_not_allowed', 'resource_mismatch', 'proof_invalid'],
] as CallDenialReason[];
const environment = fc.constantFrom(...ENVIRONMENTS);
const second = fc.integer({ min: 0, max: 200_000 });
const client = fc.record({
  ip: fc.oneof(fc.ipV4(), fc.ipV6(), fc.constant('10.1.2.3')),
  user_agent: fc.oneof(fc.string({ maxLength: 40 }), fc.constant('settler/1.0')),
});
const at = (seconds: number) => ({ at: secondsAfter(DETECTION_AT, seconds) });

/** A call with his handle: the proxy knows it by its digest, in its own environment also by its id. */
const callWithHis = fc
  .record({
    environment,
    second,
    client,
    reason: fc.constantFrom(...REASONS),
    count: fc.integer({ min: 1, max: 9999 }),
  })
  .map(({ environment: env, second: s, client: by, reason, count }) =>
    aDeniedCall(
      {
        ...{ client: by, reason, count, handle_fp: attacker.fingerprint, env_listener: env },
        env_handle: reason === 'env_mismatch' ? other(env) : env,
        ...(reason === 'env_mismatch' ? {} : { handle_id: attacker.exchanges[env].data.handle_id }),
      },
      { ...placeOf(env), ...at(s) },
    ),
  );

/** A call with what he made up: well made or not, he cannot choose its digest. */
const callWithMadeUp = fc
  .record({
    environment,
    second,
    client,
    text: fc.string({ minLength: 1 }),
    isWellMade: fc.boolean(),
  })
  .map(({ environment: env, second: s, client: by, text, isWellMade }) =>
    aDeniedCall(
      {
        ...{ client: by, env_listener: env, checksum_ok: isWellMade },
        handle_fp: sha256(`made up ${text}`).slice(0, 32),
        reason: isWellMade ? 'env_mismatch' : 'malformed',
        ...(isWellMade ? { env_handle: other(env) } : {}),
      },
      { ...placeOf(env), ...at(s) },
    ),
  );

/** His own token in any environment, again and again; its `jti` may be one that a victim's token has. */
const hisExchanges = fc
  .record({
    environment,
    second,
    client,
    victim: fc.constantFrom(undefined, undefined, undefined, ...victims),
    isDenied: fc.boolean(),
  })
  .map(({ environment: env, second: s, client: by, victim, isDenied }): RecordedEvent => {
    const actor = anActor(attacker.subject, by);
    const prior = (victim ?? attacker).exchanges[s % 3 === 0 ? other(env) : env].data;
    const place = { ...placeOf(env), ...at(s) };
    if (isDenied) {
      const reason = s % 2 === 0 ? 'replayed' : 'cross_env_replay';
      return aDeniedExchange({ actor, env, reason, prior_exchange_id: prior.exchange_id }, place);
    }
    return aPermittedExchange(
      {
        actor,
        env,
        family_id: victim === undefined ? 'fam_attackertoken' : prior.family_id,
        grant_id: `grant-of-${attacker.subject}`,
      },
      place,
    );
  });

/** What becomes of his handle: by himself, or by who found out. */
const hisRevocations = fc
  .record({
    environment,
    second,
    reason: fc.constantFrom('compromised', 'gone', 'leaked'),
    initiator: fc.constantFrom('admin' as const, 'subject' as const),
  })
  .map(({ environment: env, second: s, reason, initiator }) => {
    const { handle_id, family_id } = attacker.exchanges[env].data;
    return aRevokedHandle(
      handle_id,
      { family_id, reason, initiator },
      { ...placeOf(env), ...at(s) },
    );
  });

/** He puts his handle where a scanner finds it. */
const hisLeaks = fc
  .record({ environment, second })
  .map(({ environment: env, second: s }) =>
    aRecordedEvent(
      'dev.postern.leak.reported.v1',
      { provider: 'github', handle_fp: attacker.fingerprint, live: true, label: 'true_positive' },
      { ...placeOf(env), ...at(s) },
    ),
  );

function other(environment: Environment): Environment {
  return environment === 'prod' ? 'staging' : 'prod';
}

const deeds = fc.array(
  fc.oneof(callWithHis, callWithMadeUp, hisExchanges, hisExchanges, hisRevocations, hisLeaks),
  { minLength: 1, maxLength: 40 },
);

/** Life as it is: what the attacker does comes in between. */
const honest: readonly RecordedEvent[] = [attacker, ...victims].flatMap(({ exchanges }) => [
  exchanges.prod,
  exchanges.staging,
]);

/** Every rule may act, as often as it likes, and whatever needs a permission has it. */
const rampant = (env: Environment): DetectionSettings => {
  const { rules, ...rest } = detectionSettings({ ...placeOf(env), responseBudget: 1000 });
  const enforced = ruleIds.map((id) => [id, { ...rules[id], mode: 'enforce' as const }]);
  return {
    ...rest,
    rules: Object.fromEntries(enforced) as DetectionSettings['rules'],
    permitted: ['suspend_subject', 'request_rotation', 'disable_grant'],
  };
};

describe('an attacker with one handle', () => {
  it.each(ENVIRONMENTS)('makes %s take away nothing but what he holds', async (env) => {
    const seen = new Set<RuleId>();
    await fc.assert(
      fc.asyncProperty(deeds, fc.boolean(), async (events, isHonestFirst) => {
        const rig = new DetectionRig(rampant(env));
        const isFirst = isHonestFirst || events.some(collides);
        const order = isFirst ? [...honest, ...events] : [...events, ...honest];
        for (const { rule, response } of await rig.ordered(...order)) {
          seen.add(rule);
          if (isHisSource(response.target, events)) continue;
          if (isMadeUp(response.target, events) || isHisHandle(response.target, events)) continue;
          expect([rule, response.target, HIS.has(response.target)]).toEqual([
            rule,
            response.target,
            true,
          ]);
        }
      }),
      { numRuns: 700 },
    );
    // The property says nothing of a rule that never answered.
    expect([...seen].sort()).toEqual(
      expect.arrayContaining(['D01', 'D02', 'D03', 'D06', 'D09', 'D24']),
    );
  });

  it('is told from a victim by this very test: a response that names a victim is not his', () => {
    const [victim] = victims;
    expect(HIS.has(`handle:${victim!.exchanges.prod.data.handle_id}`)).toBe(false);
    expect(HIS.has(`handle_fp:${victim!.fingerprint}`)).toBe(false);
    expect(isMadeUp(`handle_fp:${victim!.fingerprint}`, [])).toBe(false);
  });

  it('ends no family by a dead handle that was not revoked for compromise', async () => {
    const rig = new DetectionRig(rampant('prod'));
    const { handle_id, family_id } = attacker.exchanges.prod.data;
    const denied = aDeniedCall({ handle_id, client: { ip: '198.51.100.1' } }, at(90));
    const revoked = aRevokedHandle(handle_id, { family_id, reason: 'the pod is gone' });
    expect(await rig.ordered(...honest, revoked, denied)).toEqual([]);
  });

  it('ends no more of others by any rule that could, whatever its candidate names', async () => {
    const rig = new DetectionRig(rampant('prod'));
    const by = { settings: rig.settings, events: rig.events, now: DETECTION_AT };
    const broad = [
      'subject:sub_victim1',
      'issuer:https://idp.test',
      'resource:ledger',
      'key:k',
      '*',
    ];
    const acting = ruleIds.filter((id) => RULES[id].responses.includes('revoke_handle'));
    for (const rule of acting) {
      const responses = broad.map(
        (target) => ({ action: 'revoke_handle', target, seconds: undefined }) as const,
      );
      await rig.store.raise([aCandidate({ rule, responses })], by);
    }
    expect(rig.orders.all).toEqual([]);
  });
});

/** What he exchanged himself for a token with the `jti` of a victim's: it can only be wrong once that one is there. */
const collides = (event: RecordedEvent): boolean =>
  isOfType(event, 'dev.postern.exchange.permitted.v1') &&
  victims.some(({ exchanges }) =>
    ENVIRONMENTS.some((one) => exchanges[one].data.family_id === event.data.family_id),
  );

/** A source that he called from: its restriction touches no handle that exists. */
const isHisSource = (target: string, events: readonly RecordedEvent[]): boolean =>
  events.some(
    ({ data }) =>
      'client' in data &&
      target === `source:${String((data.client as { ip: string } | undefined)?.ip)}`,
  );

/** He may lose what he was issued in the course of it. */
const isHisHandle = (target: string, events: readonly RecordedEvent[]): boolean =>
  events.some(
    (event) =>
      isOfType(event, 'dev.postern.exchange.permitted.v1') &&
      target === `handle:${event.data.handle_id}`,
  );

/** Of handles that nobody has: what is ordered about them finds nothing to do. */
function isMadeUp(target: string, events: readonly RecordedEvent[]): boolean {
  const real = [attacker, ...victims].map(({ fingerprint }) => `handle_fp:${fingerprint}`);
  return (
    target.startsWith('handle_fp:') &&
    !real.includes(target) &&
    events.some(
      ({ data }) => 'handle_fp' in data && `handle_fp:${String(data.handle_fp)}` === target,
    )
  );
}
