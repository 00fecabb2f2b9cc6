import kafkajs, { type Consumer } from 'kafkajs';
import { decodeCandidate, type DetectionCandidate } from '#events';
import { lineOf } from './streamed-evidence.js';

/** What a stream processor wrote to a topic so far, as the sentinel reads it. */
export class CandidateTopic {
  /** What could not be read. */
  readonly problems: unknown[] = [];
  /** By key the last one, unless it was taken back. */
  readonly #current = new Map<string, DetectionCandidate>();
  /** By key all of them. */
  readonly #written = new Map<string, DetectionCandidate[]>();
  #lastMs = performance.now();

  private constructor(private readonly consumer: Consumer) {}

  /** From the beginning; the topic must be there. */
  static async read(brokers: string, topic: string): Promise<CandidateTopic> {
    const kafka = new kafkajs.Kafka({ brokers: [brokers], logLevel: kafkajs.logLevel.NOTHING });
    const consumer = kafka.consumer({ groupId: `reads-${topic}` });
    const read = new CandidateTopic(consumer);
    await consumer.connect();
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    await consumer.run({
      eachMessage: ({ message }) => {
        return Promise.resolve()
          .then(() => read.#take(message.key, message.value))
          .catch((error: unknown) => void read.problems.push(error));
      },
    });
    return read;
  }

  /** The candidates that stand. */
  get lines(): string[] {
    return [...this.#current.values()].map(lineOf).sort();
  }

  /** The rules of candidates that were sent and do not stand, or stand with less. */
  get takenBack(): string[] {
    return [...this.#written]
      .filter(([key, written]) => {
        const observed = this.#current.get(key)?.observed ?? -1;
        return written.some((one) => one.observed > observed);
      })
      .flatMap(([, [first]]) => first?.rule ?? []);
  }

  /** How long nothing was written; before the first record, since reading began. */
  get quietMs(): number {
    return performance.now() - this.#lastMs;
  }

  close(): Promise<void> {
    return this.consumer.disconnect();
  }

  #take(key: Buffer | null, value: Buffer | null): void {
    this.#lastMs = performance.now();
    const name = key?.toString() ?? '';
    const candidate = decodeCandidate({ key, value });
    this.#current.delete(name);
    if (candidate === undefined) return;
    this.#current.set(name, candidate);
    this.#written.set(name, [...(this.#written.get(name) ?? []), candidate]);
  }
}
