import { type Leaf, leafOf } from '#audit';
import { type RecordedEvent } from '#events';
import { NotCanonical } from '#kernel';

/** Where the events of leaves come from; what is not found there is missing. */
export interface EventSource {
  find(leaves: readonly Leaf[]): Promise<ReadonlyMap<string, RecordedEvent>>;
  close(): Promise<void>;
}

/** Whether an event is the one that was logged; `unwritable`: it is not, and cannot even be written as a line. */
export type Likeness = 'same' | 'other' | 'unwritable';

export function likenessOf(event: RecordedEvent, leaf: Leaf): Likeness {
  try {
    return leafOf(event).equals(leaf.hash) ? 'same' : 'other';
  } catch (error) {
    if (error instanceof NotCanonical) return 'unwritable';
    throw error;
  }
}

/** What the first does not have, or has as another event, comes from the second where that has it. Closes the first. */
export const firstThen = (first: EventSource, second: EventSource): EventSource => ({
  find: async (leaves) => {
    const found = await first.find(leaves);
    const others = leaves.filter((leaf) => {
      const event = found.get(leaf.eventId);
      return event === undefined || likenessOf(event, leaf) !== 'same';
    });
    return others.length === 0 ? found : new Map([...found, ...(await second.find(others))]);
  },
  close: () => first.close(),
});
