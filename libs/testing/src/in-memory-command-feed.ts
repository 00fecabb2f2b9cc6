import { Buffer } from 'node:buffer';
import {
  CommandFeed,
  EVENT_BYTES_MAX,
  type IncomingCommand,
  type Reading,
  type SubscriptionHandle,
  TOPICS,
} from '#events';
import { InMemoryEventBus } from './in-memory-event-bus.js';
import { InMemoryMember } from './in-memory-event-member.js';
import { InMemoryTopics } from './in-memory-topics.js';

/** A command topic in memory: what is put there comes out as the text that it is, and nothing of it is believed. */
export class InMemoryCommandFeed extends CommandFeed {
  readonly #bus: InMemoryEventBus;
  readonly #members = new Set<InMemoryMember>();

  constructor(private readonly topics = new InMemoryTopics()) {
    super();
    this.#bus = new InMemoryEventBus(topics);
  }

  /** What somebody wrote to the command topic; any bytes. */
  put(key: string | null, value: string | Buffer | null): void {
    const bytes = typeof value === 'string' ? Buffer.from(value) : value;
    this.#bus.put(TOPICS.command, { key, value: bytes });
  }

  override async subscribe(
    reading: Omit<Reading, 'topics'> & {
      readonly handle: (command: IncomingCommand) => Promise<void>;
    },
  ): Promise<SubscriptionHandle> {
    const { handle, ...rest } = reading;
    const member = new InMemoryMember(this.topics, {
      ...rest,
      topics: [TOPICS.command],
      deliver: ({ key, value }, place) =>
        handle({ place, key: key?.toString(), compactJws: textOf(value) }),
    });
    this.#members.add(member);
    return member;
  }

  override async close(): Promise<void> {
    await Promise.all([...this.#members].map((member) => member.stop()));
  }
}

/** Text when the bytes are that, and no more of them than an event may have. */
function textOf(value: Buffer | null): string | undefined {
  if (value === null || value.length > EVENT_BYTES_MAX) return undefined;
  const text = value.toString('utf8');
  return Buffer.from(text).equals(value) ? text : undefined;
}
