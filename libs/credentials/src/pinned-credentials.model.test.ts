import fc from 'fast-check';
import { PinnedCredentials, type SecretRef } from '#credentials';
import { type Clock, Secret } from '#kernel';
import { InMemorySecretStore } from '#testing';

const ref: SecretRef = { mount: 'secret', path: 'legacy/ledger' };
const STALE_SECONDS_MAX = 300;
/** The refresh interval of 10 seconds with its jitter of a fifth, and the second for which a failure is remembered. */
const REFRESH_SECONDS_MAX = 12;

type Step =
  | { readonly kind: 'write' | 'erase' | 'delete' | 'undelete' | 'call' | 'call later' }
  | { readonly kind: 'wait'; readonly seconds: number }
  | { readonly kind: 'store is'; readonly condition: 'sealed' | 'unreachable' | undefined };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 2, arbitrary: fc.constant<Step>({ kind: 'call' }) },
  { weight: 6, arbitrary: fc.constant<Step>({ kind: 'call later' }) },
  {
    weight: 2,
    arbitrary: fc
      .oneof(fc.double({ min: 0, max: 15, noNaN: true }), fc.constantFrom(299, 300, 301))
      .map((seconds): Step => ({ kind: 'wait', seconds })),
  },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom('write', 'erase', 'delete', 'undelete')
      .map((kind): Step => ({ kind })),
  },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom('sealed', 'unreachable', undefined)
      .map((condition): Step => ({ kind: 'store is', condition })),
  },
);

/** What the store would have said at a call. */
interface Observation {
  readonly atSeconds: number;
  readonly reachable: boolean;
  readonly text: string | undefined;
}

/** The admin, the store and the calls; keeps what was true when. */
class World {
  nowSeconds = 1_800_000_000;
  readonly clock: Clock = { now: () => new Date(this.nowSeconds * 1000) };
  readonly store = new InMemorySecretStore();
  readonly pinned = new PinnedCredentials({ store: this.store, clock: this.clock });
  readonly observations: Observation[] = [];
  #writings = 0;
  #newest: { version: number; text: string; deleted: boolean } | undefined;
  #reachable = true;

  async run(next: Step): Promise<void> {
    if (next.kind === 'wait') this.nowSeconds += next.seconds;
    else if (next.kind === 'call') await this.#call();
    else if (next.kind === 'call later') {
      this.nowSeconds += REFRESH_SECONDS_MAX + 1;
      await this.#call();
    } else if (next.kind === 'write') await this.#write();
    else if (next.kind === 'store is') {
      this.store.failWith(next.condition);
      this.#reachable = next.condition === undefined;
    } else this.#withdraw(next.kind);
  }

  async #write(): Promise<void> {
    const text = `writing ${(this.#writings += 1)}`;
    const version = await this.store.put(ref, new Map([['password', Secret.of(text)]]));
    this.#newest = { version, text, deleted: false };
  }

  #withdraw(kind: 'erase' | 'delete' | 'undelete'): void {
    if (this.#newest === undefined) return;
    if (kind === 'erase') {
      this.store.erase(ref);
      this.#newest = undefined;
      return;
    }
    this.#newest.deleted = kind === 'delete';
    this.store.mark(ref, this.#newest.version, kind === 'delete' ? 'deleted' : 'readable');
  }

  async #call(): Promise<void> {
    const newest = this.#newest;
    const text = newest === undefined || newest.deleted ? undefined : newest.text;
    this.observations.push({ atSeconds: this.nowSeconds, reachable: this.#reachable, text });
    const served = await this.pinned.current(ref).then(
      (version) => version.fields.get('password')?.reveal(),
      () => undefined,
    );
    await new Promise(setImmediate); // The refresh runs in the background.
    if (served !== undefined) this.#wasConfirmed(served);
    this.#isCurrentAfterRefresh(served);
  }

  /** Nothing is served that the store has not confirmed within the bound. */
  #wasConfirmed(served: string): void {
    const earliest = this.nowSeconds - STALE_SECONDS_MAX - 0.001;
    const confirmations = this.observations.filter(
      ({ atSeconds, reachable, text }) => reachable && text === served && atSeconds >= earliest,
    );
    expect(confirmations.length).toBeGreaterThan(0);
  }

  /** What a reachable store says is in force at the second call that finds it so, a refresh interval later. */
  #isCurrentAfterRefresh(served: string | undefined): void {
    const [before, now] = this.observations.slice(-2);
    if (before === undefined || now === undefined) return;
    const settled = before.reachable && now.reachable && before.text === now.text;
    const earlier = this.observations.at(-3);
    const refreshWasDue =
      earlier === undefined || before.atSeconds - earlier.atSeconds > REFRESH_SECONDS_MAX;
    if (settled && refreshWasDue && now.atSeconds - before.atSeconds > 1) {
      expect(served).toBe(now.text);
    }
  }
}

it('pinned credentials serve what the store confirmed, whatever happens to it', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 20, maxLength: 60, size: 'max' }),
      async (steps) => {
        const world = new World();
        for (const next of steps) await world.run(next);
      },
    ),
    { numRuns: 400 },
  );
});
