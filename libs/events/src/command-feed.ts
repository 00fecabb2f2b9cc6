import { type Reading, type RecordPlace, type SubscriptionHandle } from './event-bus.js';

/** A signed command (a Security Event Token) as it lies on the command topic: nothing of it is believed yet. */
export interface IncomingCommand {
  readonly place: RecordPlace;
  /** `<scope>:<id>` of what it is for, so that commands for one target keep their order. */
  readonly key: string | undefined;
  /** The value as text, at most EVENT_BYTES_MAX bytes; undefined when it has none, is longer, or is no UTF-8. */
  readonly compactJws: string | undefined;
}

export interface CommandReading extends Omit<Reading, 'topics'> {
  readonly handle: (command: IncomingCommand) => Promise<void>;
}

/** Where signed commands of others come in. */
export abstract class CommandFeed {
  /** As `EventBus.subscribe`, of the command topic alone: commands of one key come in order, one at a time. */
  abstract subscribe(reading: CommandReading): Promise<SubscriptionHandle>;

  abstract close(): Promise<void>;
}
