import { setTimeout as pause } from 'node:timers/promises';
import { type Admin, type Consumer, type Kafka } from 'kafkajs';
import { partitionName, type Reading } from '#events';

const ASK_AGAIN_MS = 1_000;

interface Lying {
  readonly first: bigint;
  readonly next: bigint;
}

/**
 * Whether a member of a group has read what lay in its topics when it began. Asks for the offsets once at the start, and
 * for those of the group whenever the group is divided anew, until it has caught up.
 */
export class KafkaCatchUp {
  readonly #admin: Admin;
  /** What lay there when it was first asked. */
  #lying: ReadonlyMap<string, Lying> | undefined;
  /** How far this member has come itself. */
  readonly #positions = new Map<string, bigint>();
  /** Partitions of this member that are not yet read to that end; undefined while that is not known. */
  #waiting: Set<string> | undefined;
  #done = false;
  /** Of the group's last division: an older answer counts no more. */
  #division = 0;

  constructor(
    kafka: Kafka,
    private readonly reading: Pick<Reading, 'group' | 'topics' | 'from'>,
  ) {
    this.#admin = kafka.admin();
  }

  get isDone(): boolean {
    return this.#done;
  }

  /** Before the consumer runs. Asks nothing yet: a cluster that is just coming up must not keep the consumer away. */
  watch(consumer: Consumer): void {
    const { GROUP_JOIN, END_BATCH_PROCESS } = consumer.events;
    consumer.on(GROUP_JOIN, ({ payload }) => void this.#divided(payload.memberAssignment));
    consumer.on(END_BATCH_PROCESS, ({ payload: { topic, partition, batchSize, lastOffset } }) => {
      // Nothing but control records: they are never handed out.
      if (batchSize === 0) this.moved(partitionName({ topic, partition }), BigInt(lastOffset) + 1n);
    });
  }

  /** The records of the partition before `next` are handled. */
  moved(partition: string, next: bigint): void {
    if (this.#done) return;
    this.#positions.set(partition, next);
    if (next >= (this.#lying?.get(partition)?.next ?? 0n)) this.#waiting?.delete(partition);
    this.#end();
  }

  async close(): Promise<void> {
    this.#done = true;
    await this.#admin.disconnect().catch(() => undefined);
  }

  async #divided(assigned: Readonly<Record<string, readonly number[]>>): Promise<void> {
    this.#division += 1;
    const division = this.#division;
    this.#waiting = undefined;
    while (!this.#done && division === this.#division) {
      const committed = await this.#ask().catch(() => undefined);
      if (committed === undefined) await pause(ASK_AGAIN_MS, undefined, { ref: false });
      else {
        if (division === this.#division) this.#await(assigned, committed);
        return;
      }
    }
  }

  /** What lay there, once, and how far the group has come. */
  async #ask(): Promise<Map<string, bigint>> {
    await this.#connect();
    await this.#look();
    const { group, topics } = this.reading;
    const answer = await this.#admin.fetchOffsets({ groupId: group, topics: [...topics] });
    return new Map(
      answer.flatMap(({ topic, partitions }) =>
        partitions.map(({ partition, offset }): [string, bigint] => [
          partitionName({ topic, partition }),
          BigInt(offset),
        ]),
      ),
    );
  }

  async #connect(): Promise<void> {
    await this.#admin.connect();
    if (this.#done) await this.#admin.disconnect();
  }

  async #look(): Promise<void> {
    if (this.#lying !== undefined) return;
    const lying = new Map<string, Lying>();
    for (const topic of this.reading.topics) {
      for (const { partition, low, high } of await this.#admin.fetchTopicOffsets(topic)) {
        lying.set(partitionName({ topic, partition }), { first: BigInt(low), next: BigInt(high) });
      }
    }
    this.#lying = lying;
  }

  #await(
    assigned: Readonly<Record<string, readonly number[]>>,
    committed: ReadonlyMap<string, bigint>,
  ): void {
    const own = Object.entries(assigned).flatMap(([topic, partitions]) =>
      partitions.map((partition) => partitionName({ topic, partition })),
    );
    this.#waiting = new Set(own.filter((name) => !this.#hasRead(name, committed)));
    this.#end();
  }

  #end(): void {
    if (this.#waiting?.size !== 0 || this.#done) return;
    void this.close();
  }

  /** Whether nothing of what lay there is left to be read. */
  #hasRead(name: string, committed: ReadonlyMap<string, bigint>): boolean {
    const lying = this.#lying?.get(name);
    if (lying === undefined || lying.first >= lying.next) return true;
    const stored = committed.get(name) ?? -1n;
    const begun = this.reading.from === 'earliest' ? lying.first : lying.next;
    const position = this.#positions.get(name) ?? (stored >= 0n ? stored : begun);
    return position >= lying.next;
  }
}
