import {
  deploymentOf,
  EvidenceHistory,
  EvidenceLog,
  type GapSpan,
  isCountedKey,
  SEEN_MAX,
  seenDenial,
  type SeenDenial,
  seenExchange,
  type SeenExchange,
  type SeenGap,
  seenReplay,
  type SeenReplay,
  seenRevocation,
  type SeenRevocation,
  type Zones,
} from '#detection';
import { type RecordedEvent } from '#events';
import { type Clock, secondsAfter, SystemClock } from '#kernel';

const KEPT_SECONDS = 14 * 86_400;

interface KeptEvent {
  readonly event: RecordedEvent;
  readonly keptAt: Date;
  readonly exchange: SeenExchange | undefined;
  readonly revocation: SeenRevocation | undefined;
  readonly denial: SeenDenial | undefined;
  readonly replay: SeenReplay | undefined;
}

/** Evidence in memory. */
export class InMemoryEvidenceLog extends EvidenceLog {
  readonly #kept = new Map<string, KeptEvent>();

  constructor(private readonly clock: Clock = new SystemClock()) {
    super();
  }

  get kept(): readonly KeptEvent[] {
    return [...this.#kept.values()];
  }

  override async append(events: readonly RecordedEvent[], zones: Zones): Promise<void> {
    const keptAt = this.clock.now();
    for (const event of events) {
      if (this.#kept.has(event.id)) continue;
      this.#kept.set(event.id, {
        ...{ event, keptAt, revocation: seenRevocation(event) },
        exchange: seenExchange(event, zones),
        denial: seenDenial(event, zones),
        replay: seenReplay(event, zones),
      });
    }
  }

  override async purge(now: Date): Promise<number> {
    const before = secondsAfter(now, -KEPT_SECONDS).toISOString();
    const old = this.kept.filter(({ event }) => event.time < before);
    for (const { event } of old) this.#kept.delete(event.id);
    return old.length;
  }
}

/** What a log in memory remembers. */
export class InMemoryEvidenceHistory extends EvidenceHistory {
  constructor(private readonly log: InMemoryEvidenceLog) {
    super();
  }

  override async exchangesOf(familyIds: readonly string[]): Promise<readonly SeenExchange[]> {
    return this.#exchanges(({ familyId }) => familyIds.includes(familyId));
  }

  override async exchanges(exchangeIds: readonly string[]): Promise<readonly SeenExchange[]> {
    return this.#exchanges(({ exchangeId }) => exchangeIds.includes(exchangeId));
  }

  override async originsOf(handleIds: readonly string[]): Promise<readonly SeenExchange[]> {
    return this.#exchanges(({ handleId }) => handleIds.includes(handleId));
  }

  override async revocationsOf(handleIds: readonly string[]): Promise<readonly SeenRevocation[]> {
    return inOrder(this.log.kept.map(({ revocation }) => revocation)).filter(({ handleId }) =>
      handleIds.includes(handleId),
    );
  }

  override async denialsOf(handleIds: readonly string[]): Promise<readonly SeenDenial[]> {
    const denials = inOrder(this.log.kept.map(({ denial }) => denial));
    return inOrder(
      handleIds.flatMap((id) =>
        denials.filter(({ handleId }) => handleId === id).slice(0, SEEN_MAX),
      ),
    );
  }

  override async replaysOf(exchangeIds: readonly string[]): Promise<readonly SeenReplay[]> {
    const replays = inOrder(this.log.kept.map(({ replay }) => replay));
    return inOrder(
      exchangeIds.flatMap((id) =>
        replays.filter(({ priorExchangeId }) => priorExchangeId === id).slice(0, SEEN_MAX),
      ),
    );
  }

  override async gaps({ from, until, of }: GapSpan): Promise<readonly SeenGap[]> {
    const counted = this.log.kept.filter(({ event }) => isCountedKey(event.partitionkey));
    const lanes = new Map<string, KeptEvent[]>();
    for (const kept of counted) lanes.set(laneOf(kept), [...(lanes.get(laneOf(kept)) ?? []), kept]);
    return [...lanes.values()]
      .flatMap(gapsOfLane)
      .filter(({ keptAt }) => keptAt >= from && keptAt < until)
      .map(({ gap }) => gap)
      .filter((gap) => of === undefined || isOf(gap, of))
      .slice(0, SEEN_MAX);
  }

  override async newestAt(now: Date): Promise<Date | undefined> {
    return this.#newest(now, '');
  }

  override async allReadUntil(now: Date): Promise<Date | undefined> {
    const newest = ['exchange', 'call', 'handle'].map((kind) => this.#newest(now, kind));
    return newest.reduce((one, other) =>
      one === undefined || other === undefined ? undefined : one < other ? one : other,
    );
  }

  #newest(now: Date, kind: string): Date | undefined {
    const times = this.log.kept
      .filter(({ event }) => event.type.startsWith(`dev.postern.${kind}`))
      .map(({ event }) => new Date(event.time))
      .filter((time) => time <= now);
    return times.sort((one, other) => other.getTime() - one.getTime())[0];
  }

  #exchanges(wanted: (exchange: SeenExchange) => boolean): readonly SeenExchange[] {
    return inOrder(this.log.kept.map(({ exchange }) => exchange)).filter(wanted);
  }
}

const isOf = (gap: SeenGap, { environment, deployment }: NonNullable<GapSpan['of']>): boolean =>
  gap.environment === environment && gap.deployment === deployment;

const laneOf = ({ event }: KeptEvent): string =>
  JSON.stringify([deploymentOf(event), event.env, event.partitionkey]);

function gapsOfLane(lane: readonly KeptEvent[]): { gap: SeenGap; keptAt: Date }[] {
  const sorted = lane.toSorted((one, other) =>
    one.event.sequence < other.event.sequence ? -1 : 1,
  );
  return sorted.slice(1).flatMap(({ event, keptAt }, index) => {
    const before = Number(sorted[index]!.event.sequence);
    const missing = Number(event.sequence) - before - 1;
    const { partitionkey: partitionKey } = event;
    return missing > 0 ? [{ keptAt, gap: { ...placeOf(event), partitionKey, missing } }] : [];
  });
}

const placeOf = (event: RecordedEvent) => ({
  eventId: event.id,
  at: new Date(event.time),
  environment: event.env,
  deployment: deploymentOf(event),
});

const inOrder = <Seen extends { readonly at: Date; readonly eventId: string }>(
  seen: readonly (Seen | undefined)[],
): readonly Seen[] =>
  seen
    .filter((one) => one !== undefined)
    .sort(
      (one, other) =>
        one.at.getTime() - other.at.getTime() || one.eventId.localeCompare(other.eventId),
    );
