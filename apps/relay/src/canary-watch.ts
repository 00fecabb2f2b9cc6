import {
  type CanarySighting,
  CanaryTally,
  Consumption,
  type DeadLetters,
  type EventBus,
  type EvidenceGroup,
  type RecordedEvent,
  type SubscriptionHandle,
  TOPICS,
} from '#events';
import { type Clock, randomId } from '#kernel';
import { retryPace } from '#platform';

/** Whose canaries are whose: several deployments may share topics. */
export interface CanaryOwner {
  readonly deployment: string;
  readonly environment: string;
}

export interface CanaryWatchParts {
  readonly owner: CanaryOwner;
  readonly bus: EventBus;
  /** Where goes what is no canary. */
  readonly deadLetters: DeadLetters;
  readonly clock: Clock;
  readonly onSighting: (sighting: CanarySighting) => void;
  readonly onAges: (agesSeconds: readonly number[]) => void;
  readonly onDeadLetter: () => void;
  readonly onProblem: (message: string) => void;
}

/** Each relay watches all shards, so each is a group of its own with this prefix; their dead letters go to one topic. */
const GROUP: EvidenceGroup = 'postern-canary-watch';
/** Without a canary for so long nobody can say that anything gets through: six were due. */
const SILENT_SECONDS = 60;

/** Reads canaries back from the bus: what they show of delay, loss and repeats holds for all events. */
export class CanaryWatch {
  readonly #tally: CanaryTally;
  readonly #group = randomId(GROUP);
  #subscription: SubscriptionHandle | undefined;
  #ended = false;
  #closed = false;

  constructor(private readonly parts: CanaryWatchParts) {
    this.#tally = new CanaryTally(parts.clock);
  }

  /** What is silent; undefined while canaries of all shards come. */
  get note(): string | undefined {
    const silent = [...this.#tally.agesSeconds.entries()].filter(([, age]) => age > SILENT_SECONDS);
    if (silent.length === 0) return undefined;
    const shards = silent.map(([shard]) => shard).join(', ');
    return `canaries: none came back for ${SILENT_SECONDS} s from shard ${shards}`;
  }

  /**
   * Call it every ten seconds. Begins to read, and begins anew after the reading has ended by itself.
   * @throws DependencyUnavailable when the bus cannot be read
   */
  async look(): Promise<void> {
    if (this.#ended) await this.stop();
    if (this.#closed || this.#subscription !== undefined) return;
    this.#subscription = await this.#subscribe();
    // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- It may have been closed meanwhile.
    if (this.#closed) await this.stop();
  }

  /** Gives the ages of the last canaries on. */
  tellAges(): void {
    this.parts.onAges(this.#tally.agesSeconds);
  }

  /** For good: a look that is under way does not begin anew. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.stop();
  }

  async stop(): Promise<void> {
    const subscription = this.#subscription;
    this.#subscription = undefined;
    this.#ended = false;
    await subscription?.stop();
  }

  #isOurs({ env, source }: RecordedEvent): boolean {
    const { deployment, environment } = this.parts.owner;
    return env === environment && source.startsWith(`urn:postern:${deployment}:`);
  }

  #subscribe(): Promise<SubscriptionHandle> {
    return this.parts.bus.subscribe({
      group: this.#group,
      topics: [TOPICS.canary],
      from: 'latest',
      offsets: 'forgotten', // What passed while nobody watched is no news.
      ...this.#consumption().of(async ({ event }) => {
        const sighting = this.#isOurs(event) ? this.#tally.saw(event) : undefined;
        if (sighting !== undefined) this.parts.onSighting(sighting);
      }),
      onFailure: (error) => {
        this.#ended = true;
        this.parts.onProblem(`canaries: the reading ended: ${error.message}`);
      },
    });
  }

  #consumption(): Consumption {
    const { clock, deadLetters, onProblem, onDeadLetter } = this.parts;
    return new Consumption({
      kind: 'evidence',
      group: GROUP,
      deadLetters,
      clock,
      ...retryPace,
      observer: {
        onDeadLetter: ({ partition, offset }, errorClass) => {
          onDeadLetter();
          onProblem(
            `canaries: a dead letter, ${errorClass}, of ${TOPICS.canary}/${partition} at ${offset}`,
          );
        },
        onTrouble: ({ partition, offset }, reason) => {
          onProblem(`canaries: ${TOPICS.canary}/${partition} waits at ${offset}: ${reason}`);
        },
      },
    });
  }
}
