import { type IssuerRegistration, type KeySet, KeySource, type PublishedJwk } from '#identity';
import { type Clock, DependencyUnavailable, SystemClock } from '#kernel';

const FRESH_SECONDS = 300;
const USABLE_SECONDS = 3600;
const REFETCH_INTERVAL_SECONDS = 30;

/** Key sets that a test publishes and takes away. Counts what it is asked. */
export class InMemoryKeySource extends KeySource {
  readonly #published = new Map<string, readonly PublishedJwk[]>();
  readonly #inUse = new Map<string, KeySet>();
  readonly #refetchedAt = new Map<string, Date>();
  #reachable = true;

  /** How often a key set was fetched, over all issuers, failed attempts included. */
  fetches = 0;
  /** How often it was asked for anything. */
  questions = 0;

  constructor(private readonly clock: Clock = new SystemClock()) {
    super();
  }

  /** A key source that knows these issuers. */
  static of(
    issuers: readonly { issuer: string; jwks(): { readonly keys: readonly PublishedJwk[] } }[],
    clock?: Clock,
  ): InMemoryKeySource {
    const source = new InMemoryKeySource(clock);
    for (const one of issuers) source.publish(one.issuer, one.jwks().keys);
    return source;
  }

  /** Seen at the next fetch: at first use, when an unknown key id makes one, or after five minutes. */
  publish(issuer: string, keys: readonly PublishedJwk[]): void {
    this.#published.set(issuer, keys);
  }

  setReachable(reachable: boolean): void {
    this.#reachable = reachable;
  }

  override async current(registration: IssuerRegistration): Promise<KeySet> {
    this.questions += 1;
    const known = this.#inUse.get(registration.issuer);
    const isFresh = known !== undefined && this.#isWithin(FRESH_SECONDS, known.fetchedAt);
    return isFresh ? known : this.#fetch(registration);
  }

  override async refetch(registration: IssuerRegistration): Promise<KeySet> {
    this.questions += 1;
    const known = this.#inUse.get(registration.issuer);
    const last = this.#refetchedAt.get(registration.issuer);
    if (known !== undefined && last !== undefined) {
      if (this.#isWithin(REFETCH_INTERVAL_SECONDS, last)) return known;
    }
    this.#refetchedAt.set(registration.issuer, this.clock.now());
    return this.#fetch(registration);
  }

  #fetch({ id, issuer }: IssuerRegistration): KeySet {
    this.fetches += 1;
    const keys = this.#reachable ? this.#published.get(issuer) : undefined;
    const known = this.#inUse.get(issuer);
    if (keys !== undefined) {
      const fetched = { keys, fetchedAt: this.clock.now() };
      this.#inUse.set(issuer, fetched);
      return fetched;
    }
    if (known !== undefined && this.#isWithin(USABLE_SECONDS, known.fetchedAt)) return known;
    throw new DependencyUnavailable('issuer-keys', `the keys of issuer ${id} cannot be had`);
  }

  #isWithin(seconds: number, since: Date): boolean {
    return this.clock.now().getTime() - since.getTime() < seconds * 1000;
  }
}
