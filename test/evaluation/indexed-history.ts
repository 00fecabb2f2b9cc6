import {
  EvidenceHistory,
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

/** By a name, what was seen under it, the oldest first. */
class Index<Seen extends { readonly eventId: string; readonly at: Date }> {
  readonly #seen = new Map<string, Seen[]>();

  add(name: string, seen: Seen): void {
    const known = this.#seen.get(name);
    if (known === undefined) this.#seen.set(name, [seen]);
    else known.push(seen);
  }

  of(names: readonly string[]): readonly Seen[] {
    return names
      .flatMap((name) => (this.#seen.get(name) ?? []).slice(0, SEEN_MAX))
      .sort((one, other) => one.at.getTime() - other.at.getTime());
  }

  forget(before: Date): void {
    for (const [name, seen] of this.#seen) {
      if (seen.every(({ at }) => at < before)) this.#seen.delete(name);
    }
  }
}

/** The memory of the inline rules, for a million events: the same as the one for tests, and found by name. */
export class IndexedHistory extends EvidenceHistory {
  readonly #families = new Index<SeenExchange>();
  readonly #exchanges = new Index<SeenExchange>();
  readonly #origins = new Index<SeenExchange>();
  readonly #revocations = new Index<SeenRevocation>();
  readonly #denials = new Index<SeenDenial>();
  readonly #replays = new Index<SeenReplay>();

  append(events: readonly RecordedEvent[], zones: Zones): void {
    for (const event of events) this.#keep(event, zones);
  }

  /** What is older than a handle lives, and the day after in which its use is looked at. */
  forget(before: Date): void {
    for (const index of [this.#families, this.#exchanges, this.#origins]) index.forget(before);
    for (const index of [this.#revocations, this.#denials, this.#replays]) index.forget(before);
  }

  override async exchangesOf(familyIds: readonly string[]): Promise<readonly SeenExchange[]> {
    return this.#families.of(familyIds);
  }

  override async exchanges(exchangeIds: readonly string[]): Promise<readonly SeenExchange[]> {
    return this.#exchanges.of(exchangeIds);
  }

  override async originsOf(handleIds: readonly string[]): Promise<readonly SeenExchange[]> {
    return this.#origins.of(handleIds);
  }

  override async revocationsOf(handleIds: readonly string[]): Promise<readonly SeenRevocation[]> {
    return this.#revocations.of(handleIds);
  }

  override async denialsOf(handleIds: readonly string[]): Promise<readonly SeenDenial[]> {
    return this.#denials.of(handleIds);
  }

  override async replaysOf(exchangeIds: readonly string[]): Promise<readonly SeenReplay[]> {
    return this.#replays.of(exchangeIds);
  }

  override async gaps(): Promise<readonly SeenGap[]> {
    return [];
  }

  override async newestAt(): Promise<Date | undefined> {
    return undefined;
  }

  override async allReadUntil(): Promise<Date | undefined> {
    return undefined;
  }

  #keep(event: RecordedEvent, zones: Zones): void {
    const exchange = seenExchange(event, zones);
    if (exchange !== undefined) {
      this.#families.add(exchange.familyId, exchange);
      this.#exchanges.add(exchange.exchangeId, exchange);
      this.#origins.add(exchange.handleId, exchange);
    }
    const revocation = seenRevocation(event);
    if (revocation !== undefined) this.#revocations.add(revocation.handleId, revocation);
    const denial = seenDenial(event, zones);
    if (denial !== undefined) this.#denials.add(denial.handleId, denial);
    const replay = seenReplay(event, zones);
    if (replay !== undefined) this.#replays.add(replay.priorExchangeId, replay);
  }
}
