import { Buffer } from 'node:buffer';
import { randomInt, randomUUID } from 'node:crypto';
import { PostgresDetectionStore, PostgresEvidenceHistory } from '#adapters/postgres';
import {
  type Candidate,
  CandidateRefused,
  type DetectionStore,
  type RuleId,
  type RuleSettings,
  shippedRules,
  StreamCandidates,
  STREAMED_RULES,
} from '#detection';
import { decodeCandidate, EventFactory, EventUnreadable } from '#events';
import { secondsAfter } from '#kernel';
import { aDeniedCall, anActor, detectionSettings, FixedClock, SeededChance } from '#testing';
import { describeWithServer } from '#test-support';
import {
  aCall,
  anAddress,
  anExchange,
  anExchangeOf,
  at,
  NOON,
  RuleBench,
  times,
} from '../contract/rule-bench.js';
import { writtenOf } from '../contract/streamed-evidence.js';

const RECORDS = 10_000;
const MALFORMED: readonly unknown[] = [
  ...[null, '', 0, -1, 1e308, true, [], {}, '\0', '\ud800', 'x'.repeat(600)],
  ...[
    'handle:hdl_victim',
    "' or 1=1 --",
    '__proto__',
    'hdl_*',
    ['hdl_victim'],
    '0000-01-01T00:00:00Z',
  ],
];
const shipped = shippedRules();
/** Every rule may do all that it can, without a budget that would hide something. */
const SETTINGS = detectionSettings({
  responseBudget: 1_000,
  permitted: ['suspend_subject', 'request_rotation', 'disable_grant'],
  rules: Object.fromEntries(
    Object.entries(shipped).map(([rule, set]) => [rule, { ...set, mode: 'enforce' }]),
  ) as Record<RuleId, RuleSettings>,
});

type Written = Record<string, unknown>;
const nameOf = (rule: string, type: string, id: string, at: Date): string =>
  [rule, type, id, at.toISOString()].join(' ');
const targetsOf = ({ rule, responses }: Candidate): readonly string[] =>
  responses.map(({ action, target }) => `${rule} ${action} ${target}`);

/**
 * Whoever has the password of a stream processor may write candidates, and nothing else. They want handles of others
 * suspended, workloads limited, or analysts to believe what is not so.
 */
describeWithServer('forged candidates', 'postgres-18', () => {
  const seed = Number(process.env['POSTERN_TEST_SEED'] ?? randomInt(2 ** 31));
  const chance = new SeededChance(seed);
  let bench: RuleBench;
  let store: DetectionStore;
  let candidates: StreamCandidates;
  let genuine: readonly Written[];
  /** What the evidence bears out. */
  let borneOut: { readonly names: ReadonlySet<string>; readonly orders: ReadonlySet<string> };
  const outcomes = new Map<string, number>();

  beforeAll(async () => {
    process.stderr.write(`forged-candidates: POSTERN_TEST_SEED=${seed}\n`);
    bench = await RuleBench.open();
    await bench.append(...thefts(), ...ordinaryWork());
    const clock = new FixedClock(secondsAfter(NOON, 7_200));
    const place = {
      environment: 'prod',
      deployment: 'postern-prod',
      component: 'sentinel',
    } as const;
    store = new PostgresDetectionStore(bench.database);
    candidates = new StreamCandidates({
      ...{ store, clock, settings: async () => SETTINGS, evaluator: bench.evaluator },
      history: new PostgresEvidenceHistory(bench.database),
      events: new EventFactory({ clock, ...place }),
    });
    const found = await everythingFound(bench);
    genuine = found.map((one) => ({ ...writtenOf(one) }));
    borneOut = {
      names: new Set(
        found.map((one) => nameOf(one.rule, one.entity.type, one.entity.id, one.startAt)),
      ),
      orders: new Set(found.flatMap(targetsOf)),
    };
  }, 180_000);
  afterAll(() => bench.close());

  const send = async (bytes: string): Promise<void> => {
    const outcome = await Promise.resolve()
      .then(() => decodeCandidate({ key: 'k', value: Buffer.from(bytes) }))
      .then(async (decoded) => {
        const sum = decoded === undefined ? undefined : await candidates.take(decoded);
        return sum?.raised.length === 1 ? 'raised' : 'nothing';
      })
      .catch((error: unknown) => {
        if (!(error instanceof CandidateRefused || error instanceof EventUnreadable)) throw error;
        return error.reason;
      });
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  };

  it('of every kind, ten thousand, raise and order nothing that the evidence does not bear out', async () => {
    for (let n = 0; n < RECORDS; n += 1) await send(forged(genuine, chance));
    process.stderr.write(`forged-candidates: ${JSON.stringify(Object.fromEntries(outcomes))}\n`);
    const raised = await bench.owner.query<Row>(
      'select rule, entity_type, entity_id, start_at from detection',
    );
    const ordered = await bench.owner.query<{ name: string }>(
      `select rule || ' ' || action || ' ' || target as name from response_order`,
    );
    const untrue = raised
      .map((row) => nameOf(row.rule, row.entity_type, row.entity_id, row.start_at))
      .filter((name) => !borneOut.names.has(name));
    expect(untrue).toEqual([]);
    expect(ordered.map(({ name }) => name).filter((name) => !borneOut.orders.has(name))).toEqual(
      [],
    );
    expect(new Set(ordered.map(({ name }) => name)).size).toBe(ordered.length);
    // It met each of the ways in which a candidate comes to nothing.
    for (const reason of [
      ...['not_json', 'wrong_data', 'unknown_rule', 'wrong_entity', 'in_future', 'too_old'],
      ...['no_window', 'not_borne_out'],
    ]) {
      expect([reason, (outcomes.get(reason) ?? 0) > 0]).toEqual([reason, true]);
    }
  }, 600_000);

  it('do not keep those that are true from being raised and answered', async () => {
    for (const written of genuine) await send(JSON.stringify(written));
    const [count] = await bench.owner.query<{ raised: number }>(
      'select count(*)::integer as raised from detection',
    );
    expect(count!.raised).toBe(borneOut.names.size);
    const suspended = await bench.owner.query(
      `select 1 from response_order where action = 'suspend_handle' and target = 'handle:hdl_stolen'`,
    );
    expect(suspended).toHaveLength(1);
  }, 60_000);

  it('are answered by nothing that meets those who did nothing', async () => {
    const victims = await bench.owner.query(
      `select 1 from response_order where target like '%victim%'`,
    );
    expect(victims).toEqual([]);
  });
});

interface Row {
  readonly rule: string;
  readonly entity_type: string;
  readonly entity_id: string;
  readonly start_at: Date;
}

async function everythingFound({ evaluator }: RuleBench): Promise<readonly Candidate[]> {
  const span = { from: secondsAfter(NOON, -40 * 86_400), until: secondsAfter(NOON, 86_400) };
  const found: Candidate[] = [];
  for (const rule of evaluator.rules.filter((one) => STREAMED_RULES.has(one))) {
    found.push(...(await evaluator.evaluate(rule, SETTINGS.rules[rule], span)));
  }
  return found;
}

/** One that is true, changed in up to four places; now and then torn. */
function forged(genuine: readonly Written[], chance: SeededChance): string {
  const written = { ...chance.of(genuine) };
  const times = 1 + chance.below(4);
  for (let n = 0; n < times; n += 1) chance.of(CHANGES)(written, chance, genuine);
  const text = JSON.stringify(written);
  return chance.below(20) === 0 ? text.slice(0, chance.below(text.length)) : text;
}

type Change = (written: Written, chance: SeededChance, genuine: readonly Written[]) => void;
const IDS = [
  'hdl_victim',
  'sub_victim',
  'victim',
  '10.9.9.0/24',
  'hdl_stolen',
  'archive',
  'hdl_none',
];
const shifted = (value: unknown, seconds: number): string => {
  const time = Date.parse(String(value));
  return Number.isNaN(time) ? String(value) : new Date(time + seconds * 1_000).toISOString();
};
const CHANGES: readonly Change[] = [
  (written, chance) => {
    written['entity_id'] = chance.of(IDS);
  },
  (written, chance, genuine) => {
    written['entity_id'] = chance.of(genuine)['entity_id'];
  },
  (written, chance) => {
    written['rule'] = chance.of([...STREAMED_RULES.keys(), 'D01', 'D06', 'D22', 'D99']);
  },
  (written, chance) => {
    written['entity_type'] = chance.of([
      'handle',
      'subject',
      'source',
      'resource',
      'family',
      'grant',
    ]);
  },
  (written, chance) => {
    const seconds = chance.of([-1, 0.001, 300, -300, 600, -600, 3_600, -86_400, -91 * 86_400]);
    written['start_at'] = shifted(written['start_at'], seconds);
  },
  (written, chance) => {
    const seconds = chance.of([1, 600, 7_300, 86_400 * 400, -600, -86_400]);
    written['end_at'] = shifted(written['end_at'], seconds);
  },
  (written, chance) => {
    written['severity'] = chance.of(['info', 'low', 'medium', 'high', 'critical']);
    written['observed'] = chance.below(1_000_000);
    written['threshold'] = 0;
  },
  (written, chance) => {
    written['resource'] = chance.of(['ledger', 'archive', 'r1', null]);
    written['subject_id'] = chance.of(['sub_victim', 'sub_thief', null]);
    written['evidence'] = times(chance.below(5), () => randomUUID());
  },
  (written, chance) => {
    written[chance.of(Object.keys(written))] = chance.of(MALFORMED);
  },
  (written, chance) => {
    Reflect.deleteProperty(written, chance.of(Object.keys(written)));
  },
];

/** What rules find something in. */
function thefts() {
  const one = { ip: anAddress(), user_agent: 'settler/1.0' };
  const other = { ip: anAddress(), user_agent: 'curl/8.5.0' };
  return [
    anExchangeOf('hdl_stolen', -60, { actor: anActor('sub_thief') }),
    ...[one, other, one].map((client, n) => aCall(n, { handle: 'hdl_stolen', client })),
    ...times(12, (n) => aDeniedCall({ reason: 'unknown', client: other }, at(n * 20))),
    ...times(30, (n) => anExchange('sub_thief', n / 10)),
    ...times(7, (n) => anExchange('sub_greedy', n, { resource: `r${n}` })),
    aCall(0, { handle: 'hdl_large', resource: 'archive', bytes: 200_000_000 }),
    aCall(-7 * 86_400, { handle: 'hdl_past', resource: 'archive', bytes: 1_000_000 }),
  ];
}

/** Of a workload that did the same for weeks, and that nothing is found in. */
function ordinaryWork() {
  const client = { ip: '10.9.9.9', user_agent: 'victim/1.0' };
  return [
    anExchangeOf('hdl_victim', -2 * 86_400, { actor: anActor('sub_victim', client) }),
    anExchangeOf('hdl_victim', -90, { actor: anActor('sub_victim', client) }),
    ...times(20, (n) => aCall(n * 30, { handle: 'hdl_victim', client, resource: 'ledger' })),
  ];
}
