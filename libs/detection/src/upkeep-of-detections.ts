import { type EventFactory } from '#events';
import { type Clock, secondsAfter } from '#kernel';
import { type DetectionStore } from './detection-store.js';

/** After so long without a change nobody looks at a detection any more. */
export const DETECTION_OPEN_SECONDS_MAX = 30 * 86_400;
const PAGE = 100;

export interface UpkeepOfDetectionsParts {
  readonly store: DetectionStore;
  readonly events: EventFactory;
  readonly clock: Clock;
}

/** Closes what nobody closed. */
export class UpkeepOfDetections {
  constructor(private readonly parts: UpkeepOfDetectionsParts) {}

  /** Resolves to how many it closed, as `timed_out`. @throws DependencyUnavailable */
  async closeOld(): Promise<number> {
    const { store, clock, events } = this.parts;
    const now = clock.now();
    const changedBefore = secondsAfter(now, -DETECTION_OPEN_SECONDS_MAX);
    let closed = 0;
    for (;;) {
      const old = await store.list({ status: 'open', changedBefore, limit: PAGE });
      if (old.length === 0) return closed;
      for (const { id } of old) {
        const by = { resolution: 'timed_out', operatorId: undefined, note: undefined } as const;
        await store.close(id, { ...by, events, now });
        closed += 1;
      }
    }
  }
}
