import { Buffer } from 'node:buffer';
import {
  CommandFeed,
  type CommandReading,
  EVENT_BYTES_MAX,
  type SubscriptionHandle,
  TOPICS,
} from '#events';
import { InMemoryTopicReaders } from './in-memory-topic-readers.js';
import { InMemoryTopics } from './in-memory-topics.js';

/** A command topic in memory: what is put there comes out as the text that it is, and nothing of it is believed. */
export class InMemoryCommandFeed extends CommandFeed {
  readonly #readers: InMemoryTopicReaders;

  constructor(topics = new InMemoryTopics()) {
    super();
    this.#readers = new InMemoryTopicReaders(topics, TOPICS.command);
  }

  /** What somebody wrote to the command topic; any bytes. */
  put(key: string | null, value: string | Buffer | null): void {
    this.#readers.put(key, value);
  }

  override async subscribe({ handle, ...reading }: CommandReading): Promise<SubscriptionHandle> {
    return this.#readers.begin({
      ...reading,
      deliver: ({ key, value }, place) =>
        handle({ place, key: key?.toString(), compactJws: textOf(value) }),
    });
  }

  override close(): Promise<void> {
    return this.#readers.close();
  }
}

/** Text when the bytes are that, and no more of them than an event may have. */
function textOf(value: Buffer | null): string | undefined {
  if (value === null || value.length > EVENT_BYTES_MAX) return undefined;
  const text = value.toString('utf8');
  return Buffer.from(text).equals(value) ? text : undefined;
}
