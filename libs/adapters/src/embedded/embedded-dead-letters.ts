import {
  type BuriedLetter,
  type DeadLetter,
  DeadLetters,
  errorClassOf,
  type IncomingRecord,
  type RecordPlace,
  type Topic,
} from '#events';
import { type PostgresDatabase } from '../postgres/index.js';

/** How many of the letters that were asked for are still to be given, were handled, and died again. */
export interface ReplayProgress {
  readonly waiting: number;
  readonly diedAgain: number;
}

// A record that dies again is no longer asked for: a replay ends.
const ADD = `
  insert into public.dead_letter (group_name, topic, partition, "offset", key, value, headers, written_at, error_class,
    attempts, first_failed_at)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
  on conflict (group_name, topic, partition, "offset") do update set error_class = excluded.error_class,
    attempts = excluded.attempts, died_at = now(), replay_requested_at = null`;
const LIST = `
  select topic, partition, "offset", key, value, headers, written_at as "writtenAt", error_class as "errorClass",
    attempts, first_failed_at as "firstFailedAt", died_at as "diedAt"
  from public.dead_letter where group_name = $1 order by died_at, topic, partition, "offset"`;
const REQUEST = `
  update public.dead_letter letter set replay_requested_at = now()
  from unnest($2::text[], $3::integer[], $4::bigint[]) as wanted(topic, partition, "offset")
  where letter.group_name = $1 and letter.topic = wanted.topic and letter.partition = wanted.partition
    and letter."offset" = wanted."offset"`;
const PROGRESS = `
  select count(*) filter (where replay_requested_at is not null)::integer as waiting,
    count(*) filter (where replay_requested_at is null)::integer as "diedAgain"
  from public.dead_letter letter
  join unnest($2::text[], $3::integer[], $4::bigint[]) as wanted(topic, partition, "offset")
    using (topic, partition, "offset")
  where letter.group_name = $1`;

interface LetterRow {
  readonly topic: Topic;
  readonly partition: number;
  readonly offset: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly writtenAt: Date;
  readonly errorClass: string;
  readonly attempts: number;
  readonly firstFailedAt: Date;
  readonly diedAt: Date;
}

/**
 * Dead letters of the embedded bus, in PostgreSQL. A replay is asked for in the table, and given by the subscription of
 * the group to its own handler: no other group gets the record again. May be used at once by many.
 */
export class EmbeddedDeadLetters extends DeadLetters {
  constructor(private readonly database: PostgresDatabase) {
    super();
  }

  override async add({ place, record, error, ...letter }: DeadLetter): Promise<void> {
    await this.database.query(ADD, [
      letter.group,
      place.topic,
      place.partition,
      place.offset,
      bytesOf(record.key),
      record.value,
      JSON.stringify(inBase64(record.headers ?? {})),
      letter.writtenAt,
      errorClassOf(error),
      letter.attempts,
      letter.firstFailedAt,
    ]);
  }

  /** The oldest first. */
  async list(group: string): Promise<readonly BuriedLetter[]> {
    const rows = await this.database.query<LetterRow>(LIST, [group]);
    return rows.map(letterOf);
  }

  /** Asks the group to take them again. */
  async requestReplay(group: string, places: readonly RecordPlace[]): Promise<void> {
    await this.database.query(REQUEST, [group, ...columnsOf(places)]);
  }

  async replayProgress(group: string, places: readonly RecordPlace[]): Promise<ReplayProgress> {
    const [row] = await this.database.query<ReplayProgress>(PROGRESS, [
      group,
      ...columnsOf(places),
    ]);
    return row ?? { waiting: 0, diedAgain: 0 };
  }
}

export const letterOf = ({ topic, partition, offset, ...row }: LetterRow): BuriedLetter => ({
  place: { topic, partition, offset },
  record: { key: row.key, value: row.value, headers: fromBase64(row.headers) },
  writtenAt: row.writtenAt.toISOString(),
  errorClass: row.errorClass,
  attempts: row.attempts,
  firstFailedAt: row.firstFailedAt.toISOString(),
  diedAt: row.diedAt.toISOString(),
});

const columnsOf = (places: readonly RecordPlace[]): unknown[] => [
  places.map(({ topic }) => topic),
  places.map(({ partition }) => partition),
  places.map(({ offset }) => offset),
];

const bytesOf = (key: IncomingRecord['key']): Buffer | null =>
  typeof key === 'string' ? Buffer.from(key) : key;

/** The embedded bus has one value for each header. */
const inBase64 = (headers: NonNullable<IncomingRecord['headers']>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, asBuffer(value).toString('base64')]],
    ),
  );

const asBuffer = (value: Buffer | string | readonly (Buffer | string)[]): Buffer =>
  Buffer.isBuffer(value) ? value : Buffer.from(value.toString());

const fromBase64 = (headers: Readonly<Record<string, string>>): Record<string, Buffer> =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Buffer.from(value, 'base64')]),
  );
