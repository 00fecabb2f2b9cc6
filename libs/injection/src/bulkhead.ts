import { type Handle } from '#handles';
import { CallDenied } from './call-denied.js';
import { type ProxiedResource } from './proxied-resource.js';

/** What a call is counted by while it is in flight. */
export interface InFlightCall {
  readonly resource: Pick<ProxiedResource, 'id' | 'limits' | 'handle'>;
  readonly handle: Pick<Handle, 'id'>;
}

/**
 * Keeps one slow resource from taking the whole process, and one handle from taking the whole resource: each has its own
 * number of calls in flight. What is not in flight takes no memory.
 */
export class Bulkhead {
  readonly #ofResources = new Map<string, number>();
  readonly #ofHandles = new Map<string, number>();

  /**
   * Takes a place; give it back with `leave`.
   * @throws CallDenied `overloaded`
   */
  enter({ resource, handle }: InFlightCall): void {
    const { concurrencyMax } = resource.limits;
    if (this.inFlight(resource.id) >= concurrencyMax) {
      throw full(`${concurrencyMax} calls of resource ${resource.id}`);
    }
    const ofHandleMax = resource.handle.concurrencyMax;
    if ((this.#ofHandles.get(handle.id) ?? 0) >= ofHandleMax) {
      throw full(`${ofHandleMax} calls of handle ${handle.id}`);
    }
    add(this.#ofResources, resource.id);
    add(this.#ofHandles, handle.id);
  }

  leave({ resource, handle }: InFlightCall): void {
    takeAway(this.#ofResources, resource.id);
    takeAway(this.#ofHandles, handle.id);
  }

  inFlight(resourceId: string): number {
    return this.#ofResources.get(resourceId) ?? 0;
  }

  /** Resources and handles that have calls in flight. */
  get size(): number {
    return this.#ofResources.size + this.#ofHandles.size;
  }
}

const full = (what: string): CallDenied =>
  new CallDenied({
    code: 'overloaded',
    reason: 'overloaded',
    detail: `${what} are in flight, as many as may be`,
  });

const add = (counts: Map<string, number>, id: string): void => {
  counts.set(id, (counts.get(id) ?? 0) + 1);
};

function takeAway(counts: Map<string, number>, id: string): void {
  const left = (counts.get(id) ?? 0) - 1;
  if (left > 0) counts.set(id, left);
  else counts.delete(id);
}
