import { type DetectionSettings } from '../rule-settings.js';

/** Whether a token of one may be exchanged in the other as well. */
export const areOneGroup = (
  one: string,
  other: string,
  { environmentGroups }: DetectionSettings,
): boolean =>
  one === other || environmentGroups.some((group) => group.includes(one) && group.includes(other));

/** Whether more is at stake in the one; of two that are not in the order neither is higher. */
export const isHigher = (
  one: string,
  other: string,
  { environmentOrder }: DetectionSettings,
): boolean => environmentOrder.indexOf(one) > environmentOrder.indexOf(other);

/** The highest of all: what is moved from or to it is critical. */
export const isHighest = (environment: string, { environmentOrder }: DetectionSettings): boolean =>
  environmentOrder.at(-1) === environment;
