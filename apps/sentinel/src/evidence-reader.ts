import {
  Consumption,
  type ConsumptionObserver,
  type DeadLetters,
  type EventBus,
  type EvidenceGroup,
  type RecordedEvent,
  type SubscriptionProgress,
  TOPICS,
  type Topic,
} from '#events';
import { type Clock } from '#kernel';
import { retryPace } from '#platform';
import { EvidenceBatches } from './evidence-batches.js';
import { KeptReading } from './kept-reading.js';

/** What the sentinel reads; what it writes itself (postern.detection.v1) is not among it. */
export const SENTINEL_TOPICS: readonly Topic[] = [
  TOPICS.exchange,
  TOPICS.handle,
  TOPICS.call,
  TOPICS.rotation,
  TOPICS.policy,
];

/** Each deployment is a group of its own with this prefix, so that all of them see all; their dead letters share a topic. */
const GROUP: EvidenceGroup = 'postern-sentinel';

export interface EvidenceReaderParts {
  readonly deployment: string;
  readonly bus: EventBus;
  readonly deadLetters: DeadLetters;
  readonly clock: Clock;
  readonly observer: ConsumptionObserver;
  /** Takes a batch, all of it or nothing. */
  readonly take: (batch: readonly RecordedEvent[]) => Promise<unknown>;
  readonly onProblem: (message: string) => void;
}

/** The consumer group of a deployment's sentinels. */
export const sentinelGroup = (deployment: string): string => `${GROUP}-${deployment}`;

/** How the sentinel takes what it reads; the dead letters of all of it are those of one group. */
export const evidenceConsumption = ({
  deadLetters,
  clock,
  observer,
}: Pick<EvidenceReaderParts, 'deadLetters' | 'clock' | 'observer'>): Consumption =>
  new Consumption({ kind: 'evidence', group: GROUP, deadLetters, clock, observer, ...retryPace });

/**
 * Reads evidence for as long as the process lives. What cannot be read or taken becomes a dead letter, and the rest goes
 * on; while the database is away everything waits.
 */
export class EvidenceReader {
  readonly #reading = new KeptReading();

  constructor(private readonly parts: EvidenceReaderParts) {}

  /** Why nothing is read any more; undefined while it is. */
  get failure(): Error | undefined {
    return this.#reading.failure;
  }

  get progress(): SubscriptionProgress {
    return this.#reading.progress;
  }

  /** Does not wait for the bus, which may be away. */
  start(): void {
    const { bus, deployment, onProblem } = this.parts;
    const batches = new EvidenceBatches(this.parts.take);
    const reading = {
      group: sentinelGroup(deployment),
      topics: SENTINEL_TOPICS,
      from: 'earliest',
      ahead: (events: readonly RecordedEvent[]) => batches.ahead(events),
      ...evidenceConsumption(this.parts).of(({ event }) => batches.handle(event)),
    } as const;
    this.#reading.start({
      subscribe: (onFailure) => bus.subscribe({ ...reading, onFailure }),
      onProblem,
    });
  }

  /** Resolves when nothing is being taken any more. */
  async stop(): Promise<void> {
    await this.#reading.stop();
  }
}
