import {
  type BuriedLetter,
  decodeEvent,
  outcomeOf,
  type RecordOutcome,
  type Subscription,
} from '#events';
import { type PostgresSession } from '../postgres/index.js';
import { letterOf } from './embedded-dead-letters.js';

/** Between two looks at what is asked for. */
const LOOK_MS = 1_000;
const LETTERS_MAX = 50;

const REQUESTED = `
  select topic, partition, "offset", key, value, headers, written_at as "writtenAt", error_class as "errorClass",
    attempts, first_failed_at as "firstFailedAt", died_at as "diedAt"
  from public.dead_letter where group_name = $1 and topic = any($2) and replay_requested_at is not null
  order by replay_requested_at, topic, partition, "offset" limit ${LETTERS_MAX}`;
const FORGET = `
  delete from public.dead_letter where group_name = $1 and topic = $2 and partition = $3 and "offset" = $4
    and replay_requested_at is not null`;

/** Gives a group the dead letters that somebody asked it to take again. They come out of turn. */
export class EmbeddedReplays {
  private lookAt = 0;

  constructor(private readonly subscription: Subscription) {}

  /** Resolves to why the handler refused one, when that ends the subscription. */
  async giveRequested(session: PostgresSession, goesOn: () => boolean): Promise<Error | undefined> {
    if (performance.now() < this.lookAt) return undefined;
    this.lookAt = performance.now() + LOOK_MS;
    const { group, topics } = this.subscription;
    const rows = await session.query<Parameters<typeof letterOf>[0]>(REQUESTED, [group, topics], {
      name: 'embedded-bus-replays',
    });
    for (const letter of rows.map(letterOf)) {
      if (!goesOn()) return undefined;
      const outcome = await this.give(letter);
      if (outcome.kind === 'failed') return outcome.error;
      if (outcome.kind === 'handled') await this.forget(session, letter);
    }
    return undefined;
  }

  private give({ place, record, writtenAt }: BuriedLetter): Promise<RecordOutcome> {
    const { handle, onRejected } = this.subscription;
    const deliver = async (): Promise<void> => {
      const event = decodeEvent(record);
      await handle({ topic: place.topic, key: event.partitionkey, event }, place);
    };
    return outcomeOf(
      deliver,
      onRejected && ((error) => onRejected({ place, record, writtenAt, error })),
    );
  }

  private async forget(session: PostgresSession, { place }: BuriedLetter): Promise<void> {
    await session.query(FORGET, [
      this.subscription.group,
      place.topic,
      place.partition,
      place.offset,
    ]);
  }
}
