import { CallDenied } from './call-denied.js';
import { type ProxiedResource } from './proxied-resource.js';

/** Keeps one slow resource from taking the whole process: each has its own number of calls in flight. */
export class Bulkhead {
  readonly #inFlight = new Map<string, number>();

  /**
   * Takes a place; give it back with `leave`.
   * @throws CallDenied `overloaded`
   */
  enter({ id, limits }: ProxiedResource): void {
    const inFlight = this.inFlight(id);
    if (inFlight >= limits.concurrencyMax) {
      throw new CallDenied({
        code: 'overloaded',
        reason: 'overloaded',
        detail: `${limits.concurrencyMax} calls of resource ${id} are in flight, as many as may be`,
      });
    }
    this.#inFlight.set(id, inFlight + 1);
  }

  leave({ id }: ProxiedResource): void {
    this.#inFlight.set(id, this.inFlight(id) - 1);
  }

  inFlight(resourceId: string): number {
    return this.#inFlight.get(resourceId) ?? 0;
  }
}
