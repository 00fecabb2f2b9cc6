import fc from 'fast-check';
import { type Candidate, type EvaluationSpan, type RuleId, type RuleSettings } from '#detection';
import { type RecordedEvent } from '#events';
import { secondsAfter } from '#kernel';
import { aDeniedCall, aDeniedExchange, anActor } from '#testing';
import { describeWithServer } from '#test-support';
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
const LATE_SECONDS = 3_600;
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
      return anExchangeOf(handle, second / 2, {
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
      const arrives = one.second + one.late;
      return one.twice
        ? [
            { event, arrives },
            { event, arrives: arrives + 11 },
          ]
        : [{ event, arrives }];
    })
    .sort((one, other) => one.arrives - other.arrives);

type Found = ReadonlyMap<string, string>;
const named = ({ rule, entity, startAt }: Candidate): string =>
  [rule, entity.type, entity.id, startAt.toISOString()].join(' ');
const judged = ({ observed, severity, threshold }: Candidate): string =>
  `${observed} of ${threshold}: ${severity}`;

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

  /** Rounds as the sentinel has them: each looks at what the events since the last one may have changed. */
  const stream = async (arrivals: readonly Arrival[]): Promise<Found> => {
    const found = new Map<string, string>();
    const size = Math.ceil(arrivals.length / ROUNDS);
    let newest = NOON;
    for (let begin = 0; begin < arrivals.length; begin += size) {
      const events = arrivals.slice(begin, begin + size).map(({ event }) => event);
      const cut = begin % (size + 1);
      await Promise.all([
        streamed.append(...events.slice(0, cut)),
        streamed.append(...events.slice(cut).reverse()),
      ]);
      const touched = spanOf(events);
      newest = touched.until > newest ? touched.until : newest;
      for (const rule of RULES_UNDER_TEST) {
        const span = streamed.evaluator.spanAfter(rule, touched, newest);
        const candidates = await streamed.evaluator.evaluate(rule, settingsOf(rule), span);
        for (const candidate of candidates) found.set(named(candidate), judged(candidate));
      }
    }
    return found;
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
            await streamed.append(...[...before].reverse());
            const inRounds = await stream(arrivals);
            const ordered = [...new Set([...before, ...arrivals.map(({ event }) => event)])].sort(
              (one, other) => one.time.localeCompare(other.time),
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

function spanOf(events: readonly RecordedEvent[]): EvaluationSpan {
  const instants = events.map(({ time }) => Date.parse(time));
  return { from: new Date(Math.min(...instants)), until: new Date(Math.max(...instants) + 1) };
}

async function empty({ owner }: RuleBench): Promise<void> {
  await owner.query(
    `delete from evidence_exchange; delete from evidence_use; delete from evidence_change; delete from evidence_rotation;
     delete from evidence_counter; delete from exchange_rollup; delete from use_rollup`,
  );
}
