import { type EachBatchPayload } from 'kafkajs';

/** Records between two commits: as many are handled again when the process is killed. */
const COMMIT_EVERY = 100;

/** How far one batch is handled, and how far that is committed. */
export class BatchProgress {
  #next: string | undefined;
  #uncommitted = 0;

  constructor(
    private readonly payload: EachBatchPayload,
    private readonly keeping: 'stored' | 'forgotten',
  ) {}

  /** Resolves to the offset of the next record: behind the last one of a batch that is behind its control records. */
  async moveTo(offset: string): Promise<bigint> {
    const { batch } = this.payload;
    this.payload.resolveOffset(offset);
    const isLast = batch.messages.at(-1)?.offset === offset;
    const next = BigInt(isLast ? batch.lastOffset() : offset) + 1n;
    this.#next = String(next);
    this.#uncommitted += 1;
    if (this.#uncommitted >= COMMIT_EVERY) await this.commit();
    return next;
  }

  /** By the batch's own function: the consumer's ignores a commit, without a word, as soon as it is told to stop. */
  async commit(): Promise<void> {
    if (this.#next === undefined || this.#uncommitted === 0 || this.keeping === 'forgotten') return;
    const { topic, partition } = this.payload.batch;
    await this.payload.commitOffsetsIfNecessary({
      topics: [{ topic, partitions: [{ partition, offset: this.#next }] }],
    });
    this.#uncommitted = 0;
  }
}
