import { type EachBatchPayload } from 'kafkajs';

/** How often it is looked whether a heartbeat is due; the client sends one when HEARTBEAT_INTERVAL_MS have passed. */
const LOOK_MS = 1_000;

/**
 * Heartbeats while a batch is handled, however long one record takes: the group must not take a member that works for
 * one that died. What the group answers meanwhile, such as that it is being divided anew, ends the batch.
 */
export class Heartbeats {
  readonly #timer: NodeJS.Timeout;
  #answer: { readonly error: unknown } | undefined;

  /** `onExpelled` is told once, as soon as it is known, that the group has gone on without this member. */
  constructor(
    private readonly payload: Pick<EachBatchPayload, 'heartbeat'>,
    private readonly onExpelled: () => void,
  ) {
    this.#timer = setInterval(() => void this.beat(), LOOK_MS);
  }

  /** What the last heartbeat was answered with, when that was an error. */
  get refusal(): { readonly error: unknown } | undefined {
    return this.#answer;
  }

  async beat(): Promise<void> {
    const wasExpelled = isExpulsion(this.#answer?.error);
    this.#answer = await this.payload.heartbeat().then(
      () => undefined,
      (error: unknown) => ({ error }),
    );
    if (!wasExpelled && isExpulsion(this.#answer?.error)) this.onExpelled();
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

/** The group has gone on without this member: another may have its partitions. */
const isExpulsion = (error: unknown): boolean =>
  error instanceof Error &&
  'type' in error &&
  (error.type === 'UNKNOWN_MEMBER_ID' || error.type === 'ILLEGAL_GENERATION');
