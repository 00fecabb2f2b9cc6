import { type InMemoryRotationWorld } from '#testing';
import { type Rotation } from '#rotation';

/** By then the way back has to be taken: so many calls were refused with the new value that the old one got through. */
const HARMED_MIN = 3;
/** Shorter than what the rotators look back on: what is near its end may be forgotten meanwhile. */
const LOOK_BACK_MS = 30_000;

export const WENT_ON = 'it went on though calls were harmed by the new value';
export const WENT_BACK = 'it went back though no call was harmed by the new value';

/** Calls that the new value of a rotation harmed lately, and the old one did not. */
export const harmedCalls = (world: InMemoryRotationWorld, { toVersion }: Rotation): number =>
  world.refusals.filter(
    ({ version, fallbackWorked, atMs }) =>
      version === toVersion && fallbackWorked && atMs > world.nowMs - LOOK_BACK_MS,
  ).length;

/** The states in which the way back is open. `harmed`: when the step from `before` to `after` began. */
export function wentOn(before: Rotation, after: Rotation | undefined, harmed: number): boolean {
  const isOpen = before.state === 'promoted' || before.state === 'draining';
  const isMeant = before.kind === 'dual_slot' && before.trigger !== 'compromise';
  const next = after?.state ?? before.state; // A step that failed is tried again.
  const hasGoneOn = next !== before.state && next !== 'rolling_back';
  return isOpen && isMeant && hasGoneOn && harmed >= HARMED_MIN;
}

export const wentBackForNothing = (world: InMemoryRotationWorld, rotation: Rotation): boolean =>
  rotation.state === 'rolled_back' &&
  !world.refusals.some(
    ({ version, fallbackWorked }) => version === rotation.toVersion && fallbackWorked,
  );
