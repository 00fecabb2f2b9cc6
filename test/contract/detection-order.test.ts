import fc from 'fast-check';
import { PostgresEvidenceHistory } from '#adapters/postgres';
import { type RuleId, type RuleSettings, shippedRules, StreamRound } from '#detection';
import { type RecordedEvent } from '#events';
import { secondsAfter } from '#kernel';
import { aDeniedCall, aDeniedExchange, anActor, DetectionRig, detectionSettings } from '#testing';
import { describeWithServer } from '#test-support';
import { ChosenRules, judged, named, NotingStore } from './noting-store.js';
import { countFromEvents, differences } from './raw-counts.js';
import {
  aCall,
  anExchange,
  anExchangeOf,
  aRotationEvent,
  at,
  NOON,
  RuleBench,
  times,
} from './rule-bench.js';

const LONG = process.env['POSTERN_TEST_VOLUME'] === 'long';
const RUNS = LONG ? 25 : 2;
const EVENTS = LONG ? 700 : 250;
const ROUNDS = LONG ? 240 : 24;
const DAY = 86_400;
/** For how long late events are looked at again, here: shorter than all that happens, so that not each look sees all of it. */
const LATENESS_SECONDS = 900;
/** How much comes between two rounds at most, in seconds of what happens: as often as the sentinel looks again. */
const AGAIN_SECONDS = 60;
/** What is late by so much is looked at by the next round. */
const LATE_SECONDS = LATENESS_SECONDS - 120;
/** How long things happen. */
const SPAN_SECONDS = 2_400;

/** Low enough that chance meets each of them often, and misses it often. */
const THRESHOLDS: Readonly<Partial<Record<RuleId, Readonly<Record<string, number>>>>> = {
  D05: { denied: 2 },
  D08: { unknownValid: 2, malformed: 2 },
  D10: { floor: 3, factor: 2 },
  D11: { floor: 3, margin: 1 },
  D12: { distinctDenied: 3 },
  D17: { floorBytes: 3_000, factor: 2, criticalFactor: 4 },
};
const RULES_UNDER_TEST = [
  ...(['D05', 'D07', 'D08', 'D10', 'D11', 'D12'] as const),
  ...(['D13', 'D14', 'D15', 'D17', 'D21'] as const),
];
const settingsOf = (rule: RuleId): RuleSettings => ({
  mode: 'monitor',
  resources: {},
  thresholds: THRESHOLDS[rule] ?? {},
});

/** What StreamRound goes by. */
const SETTINGS = detectionSettings({
  latenessSeconds: LATENESS_SECONDS,
  rules: {
    ...shippedRules(),
    ...(Object.fromEntries(RULES_UNDER_TEST.map((rule) => [rule, settingsOf(rule)])) as Record<
      (typeof RULES_UNDER_TEST)[number],
      RuleSettings
    >),
    D23: { mode: 'off', resources: {}, thresholds: {} },
  },
});

/** What happens, and by how much it comes late. */
interface Happening {
  readonly kind: number;
  readonly who: number;
  readonly what: number;
  readonly where: number;
  readonly second: number;
  readonly late: number;
  readonly twice: boolean;
}

const happening: fc.Arbitrary<Happening> = fc.record({
  kind: fc.nat(9),
  who: fc.nat(2),
  what: fc.nat(5),
  where: fc.nat(2),
  second: fc.integer({ min: 0, max: SPAN_SECONDS * 10 }).map((tenth) => tenth / 10),
  late: fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: 0, max: 40 }) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: LATE_SECONDS }) },
  ),
  twice: fc.boolean(),
});

const AGENTS = ['settler/1.0', 'python-requests/2.32', 'curl/8.5.0'];

function eventOf({ kind, who, what, where, second }: Happening, run: string): RecordedEvent {
  const subject = `sub_${run}${who}`;
  const handle = `hdl_${run}${who}`;
  const client = { ip: `10.${where}.0.1`, user_agent: AGENTS[(where + (what % 2)) % 3]! };
  const resource = `r${what}`;
  switch (kind) {
    case 0:
      return anExchange(subject, second, { resource, ip: client.ip });
    case 1:
      // Nobody calls with a handle before it was issued.
      return anExchangeOf(handle, 0, {
        actor: anActor(subject, client),
        granted_resource: resource,
      });
    case 2:
      return aDeniedExchange(
        { actor: anActor(subject), reason: 'not_allowed', resource },
        at(second),
      );
    case 3:
      return aDeniedCall(
        { handle_id: handle, reason: 'resource_mismatch', resource, client },
        at(second),
      );
    case 4:
      return aDeniedCall({ handle_id: handle, reason: 'expired', client }, at(second));
    case 5:
      return aDeniedCall({ reason: 'unknown', checksum_ok: who > 0, resource, client }, at(second));
    case 6:
      return aRotationEvent(resource, second, what === 5 ? { from: 2, to: 1 + who } : undefined);
    default:
      return aCall(second, { handle, client, resource, bytes: 100 * (what + 1) });
  }
}

/** What was usual in the days before: all of it came long ago. */
const past = (run: string): RecordedEvent[] =>
  times(40, (n) => [
    anExchange(`sub_${run}${n % 2}`, -n * 0.3 * DAY - 8_000, {
      resource: `r${n % 3}`,
      ip: '10.0.0.1',
    }),
    aCall(-7 * DAY * ((n % 2) + 1) + n, { handle: 'hdl_past', resource: `r${n % 6}`, bytes: 150 }),
  ]).flat();

interface Arrival {
  readonly event: RecordedEvent;
  readonly arrives: number;
}

/** In the order in which they come; some twice. */
const arrivalsOf = (happenings: readonly Happening[], run: string): Arrival[] =>
  happenings
    .flatMap((one) => {
      const event = eventOf(one, run);
      const arrives = (Date.parse(event.time) - NOON.getTime()) / 1_000 + one.late;
      return one.twice
        ? [
            { event, arrives },
            { event, arrives: arrives + 11 },
          ]
        : [{ event, arrives }];
    })
    .sort((one, other) => one.arrives - other.arrives);

/** What comes between two rounds: no more than the sentinel lets come before it looks again. */
function roundsOf(arrivals: readonly Arrival[]): RecordedEvent[][] {
  const size = Math.ceil(arrivals.length / ROUNDS);
  const rounds: RecordedEvent[][] = [];
  let begunAt = Number.NEGATIVE_INFINITY;
  for (const { event, arrives } of arrivals) {
    if (arrives > begunAt + AGAIN_SECONDS || rounds.at(-1)!.length >= size) {
      rounds.push([]);
      begunAt = arrives;
    }
    rounds.at(-1)!.push(event);
  }
  return rounds;
}

type Found = ReadonlyMap<string, string>;
describeWithServer('rules, whatever order events come in', 'postgres-18', () => {
  let streamed: RuleBench;
  let oracle: RuleBench;
  const everFound = new Set<string>();

  beforeAll(async () => {
    [streamed, oracle] = await Promise.all([RuleBench.open(), RuleBench.open()]);
    await countFromEvents(oracle.owner);
  });
  afterAll(() => Promise.all([streamed.close(), oracle.close()]));
  beforeEach(() => Promise.all([empty(streamed), empty(oracle)]));

  /** Rounds as the sentinel has them, over events as they come; at last one that closes all windows. */
  const stream = async (arrivals: readonly Arrival[], last: RecordedEvent): Promise<Found> => {
    const { round, found } = begin();
    for (const events of roundsOf(arrivals)) {
      const cut = events.length % 7;
      await Promise.all([
        streamed.append(...events.slice(0, cut)),
        streamed.append(...events.slice(cut).reverse()),
      ]);
      const failed = [...(await round.look()).failed, ...(await round.lookAgain()).failed];
      expect(failed).toEqual([]);
    }
    await streamed.append(last);
    expect((await round.look()).failed).toEqual([]);
    return found;
  };

  const begin = () => {
    const rig = new DetectionRig(SETTINGS);
    rig.clock.set(secondsAfter(NOON, DAY));
    const store = new NotingStore(rig.store);
    const round = new StreamRound({
      evaluator: new ChosenRules(streamed.evaluator, RULES_UNDER_TEST),
      history: new PostgresEvidenceHistory(streamed.database),
      ...{ store, settings: SETTINGS, events: rig.events, clock: rig.clock },
    });
    return { round, store: rig.store, found: store.found };
  };

  const once = async (events: readonly RecordedEvent[]): Promise<Found> => {
    await oracle.append(...events);
    const found = new Map<string, string>();
    for (const rule of RULES_UNDER_TEST) {
      const span = { from: NOON, until: secondsAfter(NOON, SPAN_SECONDS + 1) };
      for (const candidate of await oracle.evaluator.evaluate(rule, settingsOf(rule), span)) {
        found.set(named(candidate), judged(candidate));
        everFound.add(rule);
      }
    }
    return found;
  };

  it(
    'G11: finds in rounds, from shuffled, repeated and late events, what is found at once in all of them',
    async () => {
      let run = 0;
      await fc.assert(
        fc.asyncProperty(
          fc.array(happening, { minLength: EVENTS, maxLength: EVENTS }),
          async (happenings) => {
            await Promise.all([empty(streamed), empty(oracle)]);
            run += 1;
            const name = `${run}x`;
            const before = past(name);
            const arrivals = arrivalsOf(happenings, name);
            const last = anExchange(`sub_${name}last`, SPAN_SECONDS + 60);
            await streamed.append(...[...before].reverse());
            const inRounds = await stream(arrivals, last);
            const came = [...before, ...arrivals.map(({ event }) => event), last];
            const ordered = [...new Set(came)].sort((one, other) =>
              one.time.localeCompare(other.time),
            );
            const atOnce = await once(ordered);
            expect(sorted(inRounds)).toEqual(sorted(atOnce));
            expect(await differences(streamed.owner)).toEqual([]);
          },
        ),
        { numRuns: RUNS, endOnFailure: true },
      );
      // A rule that finds nothing would be equal to itself.
      expect([...everFound].sort()).toEqual([...RULES_UNDER_TEST]);
    },
    LONG ? 1_800_000 : 240_000,
  );

  it('finds by a second look what came late, and not by going on alone', async () => {
    const { round, store } = begin();
    const expired = (second: number): RecordedEvent =>
      aDeniedCall({ handle_id: 'hdl_late', reason: 'expired' }, at(second));
    await streamed.append(expired(100), aCall(600, { handle: 'hdl_1' }));
    await round.look();
    await streamed.append(expired(101), aCall(610, { handle: 'hdl_1' }));
    await round.look();
    expect(await store.list({ limit: 10 })).toEqual([]);
    await round.lookAgain();
    expect(await store.list({ limit: 10 })).toMatchObject([
      { rule: 'D05', entity: { id: 'hdl_late' }, observed: 2 },
    ]);
  });

  it('would be told when a sum were wrong', async () => {
    await streamed.append(aCall(0, { handle: 'hdl_1' }), anExchange('sub_1', 0));
    expect(await differences(streamed.owner)).toEqual([]);
    await streamed.owner.query('update use_rollup set uses = uses + 1');
    await streamed.owner.query('delete from exchange_rollup');
    expect(await differences(streamed.owner)).toHaveLength(3);
  });

  it('counts an event once that comes in many batches at once', async () => {
    const events = times(20, (n) => aCall(n, { handle: `hdl_${n % 3}` }));
    await Promise.all(times(12, (n) => streamed.append(...events.slice(n % 4), ...events)));
    expect(await differences(streamed.owner)).toEqual([]);
    const [sum] = await streamed.owner.query('select sum(uses)::integer as uses from use_rollup');
    expect(sum).toEqual({ uses: 20 });
  });
});

const sorted = (found: Found): string[] => [...found].map((pair) => pair.join(' ')).sort();

async function empty({ owner }: RuleBench): Promise<void> {
  await owner.query(
    `delete from evidence_exchange; delete from evidence_use; delete from evidence_change; delete from evidence_rotation;
     delete from evidence_counter; delete from exchange_rollup; delete from use_rollup`,
  );
}
