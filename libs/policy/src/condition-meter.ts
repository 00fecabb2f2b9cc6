import { celError, type CelValue, isCelList, isCelMap } from '@bufbuild/cel';
import { CHARACTERS_PER_UNIT, COST_UNITS_MAX } from './condition-limits.js';

/** Made once: a comprehension goes on with an error in its hands, and may meet it at every element that is left. */
const TOO_EXPENSIVE = celError(`it costs more than ${COST_UNITS_MAX} units`);

/**
 * Counts what one judgement of a condition costs, and ends it when that is too much.
 *
 * No timer can interrupt JavaScript: a callback runs only after the judgement has returned. So the limit is on work,
 * not on time. The syntax tree is bounded when the condition is compiled; all that can then grow with the input is
 * charged here before it is done: every function by the size of its arguments, every comprehension by the length of
 * its list times the size of its body, the input by its values. A unit is at most a few steps of the evaluator, so
 * a count stands for a time, is the same on every machine, and makes the same request end the same way twice.
 */
export class ConditionMeter {
  #units = 0;

  get exceeded(): boolean {
    return this.#units > COST_UNITS_MAX;
  }

  reset(): void {
    this.#units = 0;
  }

  /** @throws CelError when the judgement has become too expensive; so does every later call. */
  charge(units: number): void {
    this.#units += units;
    if (this.exceeded) throw TOO_EXPENSIVE;
  }

  /** Charges a value with all that is in it. Stops as soon as the cost is too much, however large the value is. */
  chargeDeep(value: CelValue): void {
    this.charge(shallowUnits(value));
    if (isCelList(value)) for (const element of value) this.chargeDeep(element);
    if (isCelMap(value)) for (const member of value.values()) this.chargeDeep(member);
  }
}

/** Of a string, bytes, list or map by its own length; one for all else. */
export function shallowUnits(value: CelValue): number {
  if (typeof value === 'string') return stringUnits(value);
  if (value instanceof Uint8Array) return 1 + Math.ceil(value.length / CHARACTERS_PER_UNIT);
  if (isCelList(value) || isCelMap(value)) return 1 + value.size;
  return 1;
}

export const stringUnits = (text: string): number =>
  1 + Math.ceil(text.length / CHARACTERS_PER_UNIT);
