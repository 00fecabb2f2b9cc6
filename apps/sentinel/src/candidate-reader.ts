import { type RaisedSum, type StreamCandidates } from '#detection';
import {
  type CandidateFeed,
  type ConsumptionObserver,
  type DeadLetters,
  decodeCandidate,
  type IncomingCandidate,
  type SubscriptionProgress,
} from '#events';
import { type Clock } from '#kernel';
import { evidenceConsumption, sentinelGroup } from './evidence-reader.js';
import { KeptReading } from './kept-reading.js';

export interface CandidateReaderParts {
  readonly deployment: string;
  readonly feed: CandidateFeed;
  readonly deadLetters: DeadLetters;
  readonly candidates: StreamCandidates;
  readonly clock: Clock;
  readonly observer: ConsumptionObserver;
  readonly onRaised: (sum: RaisedSum) => void;
  readonly onProblem: (message: string) => void;
}

/** A group of its own, as its members read another topic than those of the evidence; no deployment has a dot in its name. */
export const candidateGroup = (deployment: string): string =>
  `${sentinelGroup(deployment)}.candidates`;

/**
 * Reads what a stream processor found for as long as the process lives. What cannot be read, and what the evidence does not
 * bear out, becomes a dead letter, and the rest goes on.
 */
export class CandidateReader {
  readonly #reading = new KeptReading();

  constructor(private readonly parts: CandidateReaderParts) {}

  /** Why nothing is read any more; undefined while it is. */
  get failure(): Error | undefined {
    return this.#reading.failure;
  }

  get progress(): SubscriptionProgress {
    return this.#reading.progress;
  }

  /** Does not wait for Kafka, which may be away. */
  start(): void {
    const { feed, deployment, onProblem } = this.parts;
    const reading = {
      group: candidateGroup(deployment),
      from: 'earliest',
      ...evidenceConsumption(this.parts).ofIncoming((incoming: IncomingCandidate) =>
        this.#take(incoming),
      ),
    } as const;
    this.#reading.start({
      subscribe: (onFailure) => feed.subscribe({ ...reading, onFailure }),
      onProblem,
    });
  }

  /** Resolves when nothing is being taken any more. */
  async stop(): Promise<void> {
    await this.#reading.stop();
  }

  async #take({ record }: IncomingCandidate): Promise<void> {
    const candidate = decodeCandidate(record);
    // Taken back by the stream processor: what was found stays found.
    if (candidate === undefined) return;
    this.parts.onRaised(await this.parts.candidates.take(candidate));
  }
}
