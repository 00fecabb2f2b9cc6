import { type OwnThresholds } from '#adapters/postgres';
import { type Candidate, type Zones } from '#detection';
import { type RecordedEvent } from '#events';
import { aDeniedCall, aDeniedExchange, anActor } from '#testing';
import {
  aCall,
  anAddress,
  anExchange,
  anExchangeOf,
  aRotationEvent,
  at,
  times,
} from './rule-bench.js';

const MB = 1_000_000;
const DAY = 86_400;

/** As the example of deploy/streaming/flink/sources.sql names them. */
export const EXAMPLE_ZONES: Zones = {
  of: (ip) => (ip.startsWith('192.0.2.') ? 'vpn-example' : undefined),
};

/** Low enough that chance meets each of them often, and misses it often. */
export const LOW_THRESHOLDS: OwnThresholds = {
  D05: { denied: 2 },
  D07: { zones: 3, agents: 3 },
  D08: { unknownValid: 2, malformed: 2 },
  D10: { floor: 3, factor: 2 },
  D11: { floor: 3, margin: 1 },
  D12: { distinctDenied: 3 },
  D15: { applications: 3 },
  D17: { floorBytes: 3_000, factor: 2, criticalFactor: 4 },
  D21: { perHour: 2 },
};

/** What makes each rule find something with the thresholds that it ships with. */
export function eachRuleOnce(): RecordedEvent[] {
  const one = { ip: anAddress(), user_agent: 'settler/1.0' };
  const other = { ip: anAddress(), user_agent: 'curl/8.5.0' };
  return [
    anExchangeOf('hdl_1', -60, { actor: anActor('sub_1') }),
    ...[one, other, one].map((client, n) => aCall(n, { handle: 'hdl_1', client })),
    ...times(25, (n) => aDeniedCall({ handle_id: 'hdl_1', reason: 'expired' }, at(n))),
    ...times(12, (n) => aDeniedCall({ reason: 'unknown', client: one }, at(n * 20))),
    ...times(30, (n) => anExchange('sub_2', n / 10)),
    ...times(7, (n) => anExchange('sub_3', n, { resource: `r${n}` })),
    ...times(6, (n) =>
      aDeniedExchange({ actor: anActor('sub_4'), reason: 'not_allowed', resource: `r${n}` }, at(n)),
    ),
    aCall(0, { handle: 'hdl_2', resource: 'archive', bytes: 200 * MB }),
    aCall(-7 * DAY, { handle: 'hdl_3', resource: 'archive', bytes: MB }),
    ...times(3, (n) => aRotationEvent('ledger', n)),
  ];
}

/** Of each kind of address and of user agent that is told apart. */
const ADDRESSES = [
  ...['10.0.0.1', '10.0.0.77', '192.0.2.9', '::ffff:10.9.0.1'],
  ...['2001:db8:1:2::5', '2001:db8::7', '::1'],
];
const AGENTS = [
  ...['settler/1.0', 'settler-v2.1/3', 'python-requests/2.32', 'curl/8.5.0'],
  ...['Mozilla/5.0 (X11; Linux) Gecko', ' ', '(none)', '1.2/3'],
  'worker-3f2b8c1a-9d4e-4f6a-8b7c-0123456789ab/7',
];

/** The same numbers for the same seed: each call gives one from 0 to before its bound. */
function seeded(seed: number): (bound: number) => number {
  let state = seed;
  return (bound) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * bound);
  };
}

type Chance = ReturnType<typeof seeded>;

/** What a few workloads, handles and resources do within 40 minutes, by chance, and what was usual in the weeks before. */
export function evidenceByChance(seed: number, count: number): RecordedEvent[] {
  const chance = seeded(seed);
  const past = times(60, (n) => [
    anExchange(`sub_c${n % 3}`, -n * 0.3 * DAY - 8_000, { resource: `r${n % 3}`, ip: '10.0.0.1' }),
    aCall(-7 * DAY * ((n % 2) + 1) + n, { handle: 'hdl_past', resource: `r${n % 6}`, bytes: 150 }),
  ]).flat();
  return [...past, ...times(count, () => eventByChance(chance))];
}

function eventByChance(chance: Chance): RecordedEvent {
  const [subject, number] = [`sub_c${chance(3)}`, chance(4)];
  // A handle is of one resource: a candidate of a handle has no other name for it.
  const [handle, itsResource] = [`hdl_c${number}`, `r${number}`];
  const [resource, second] = [`r${chance(6)}`, chance(24_000) / 10];
  const client = { ip: ADDRESSES[chance(7)]!, user_agent: AGENTS[chance(9)]! };
  const place = at(second);
  switch (chance(10)) {
    case 0:
      return anExchange(subject, second, { resource, ip: client.ip });
    case 1:
      return anExchangeOf(handle, second / 2, {
        actor: anActor(subject, client),
        granted_resource: itsResource,
      });
    case 2:
      return aDeniedExchange({ actor: anActor(subject), reason: 'not_allowed', resource }, place);
    case 3:
      return aDeniedCall(
        { handle_id: handle, reason: 'resource_mismatch', resource, client },
        place,
      );
    case 4:
      return aDeniedCall(
        { handle_id: handle, reason: 'expired', count: 1 + chance(3), client },
        place,
      );
    case 5:
      return aDeniedCall(
        { reason: 'unknown', checksum_ok: chance(2) > 0, resource, client },
        place,
      );
    case 6:
      return aRotationEvent(
        resource,
        second,
        chance(6) > 0 ? undefined : { from: 2, to: 1 + chance(3) },
      );
    default:
      return aCall(second, { handle, client, resource: itsResource, bytes: 100 * (chance(6) + 1) });
  }
}

/** In an order of their own, some of them twice. */
export function shuffledAndRepeated(
  seed: number,
  events: readonly RecordedEvent[],
): RecordedEvent[] {
  const chance = seeded(seed);
  const all = [...events, ...events.filter(() => chance(4) === 0)];
  return all
    .map((event) => ({ event, place: chance(2 ** 30) }))
    .sort((one, other) => one.place - other.place)
    .map(({ event }) => event);
}

/** As a stream processor writes it. */
export const writtenOf = (one: Candidate): CandidateLine => ({
  rule: one.rule,
  entity_type: one.entity.type,
  entity_id: one.entity.id,
  subject_id: one.subjectId ?? null,
  resource: one.resource ?? null,
  start_at: one.startAt.toISOString(),
  end_at: one.endAt.toISOString(),
  severity: one.severity,
  confidence: one.confidence,
  observed: one.observed,
  threshold: one.threshold,
  evidence: one.evidence,
});

/** What the records and rows of candidates say, all of it, as a line to compare. */
export const lineOfCandidate = (one: Candidate): string => lineOf(writtenOf(one));

export interface CandidateLine {
  readonly rule: string;
  readonly entity_type: string;
  readonly entity_id: string;
  readonly subject_id?: string | null | undefined;
  readonly resource?: string | null | undefined;
  /** ISO 8601 */
  readonly start_at: string | Date;
  readonly end_at: string | Date;
  readonly severity: string;
  readonly confidence: string;
  readonly observed: number;
  readonly threshold: number;
  readonly evidence: readonly string[];
}

export const lineOf = (row: CandidateLine): string =>
  [
    ...[row.rule, row.entity_type, row.entity_id, row.subject_id ?? '-', row.resource ?? '-'],
    ...[new Date(row.start_at).toISOString(), new Date(row.end_at).toISOString()],
    ...[row.severity, row.confidence, `${row.observed} of ${row.threshold}`, ...row.evidence],
  ].join(' ');
