import { randomUUID } from 'node:crypto';
import { type EventBus, type Topic } from '#events';
import { type EventFilter } from './event-filter.js';
import { type EventFormat } from './event-format.js';

/** What is read, and what of it is printed how. */
export interface Following {
  readonly topics: readonly Topic[];
  readonly from: 'earliest' | 'latest';
  /** Lines after which it ends. */
  readonly limit: number;
  readonly wanted: EventFilter;
  readonly format: EventFormat;
  readonly print: (line: string) => void;
  /** Is told of records that were passed over. */
  readonly complain: (line: string) => void;
  /** Ends it. */
  readonly ended: AbortSignal;
}

/**
 * Prints events until the limit, or until it is ended. A group of its own, which leaves nothing behind: nobody else misses
 * a record by it. Rejects when the bus fails; in any case the bus is closed.
 */
export async function followEvents(bus: EventBus, following: Following): Promise<void> {
  const { topics, from, ended } = following;
  const end = deferred();
  let left = following.limit;
  ended.addEventListener('abort', end.resolve, { once: true });
  if (ended.aborted) end.resolve();
  try {
    const subscription = await bus.subscribe({
      group: `postern-tail-${randomUUID()}`,
      topics,
      from,
      offsets: 'forgotten',
      handle: async ({ event }) => {
        const line = left > 0 && following.wanted(event) ? following.format(event) : undefined;
        if (line === undefined) return;
        left -= 1;
        following.print(line);
        if (left <= 0) end.resolve();
      },
      onUnreadable: ({ reason, message }) => {
        following.complain(`a record was passed over (${reason}): ${message}`);
      },
      onFailure: end.reject,
    });
    await end.promise.finally(() => subscription.stop());
  } finally {
    ended.removeEventListener('abort', end.resolve);
    await bus.close();
  }
}

/** Promise.withResolvers, which Node has from version 22. */
function deferred(): {
  promise: Promise<void>;
  resolve: () => void;
  reject: (error: Error) => void;
} {
  let resolve: () => void = () => undefined;
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<void>((fulfil, refuse) => {
    resolve = fulfil;
    reject = refuse;
  });
  return { promise, resolve, reject };
}
