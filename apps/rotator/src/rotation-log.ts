import { type RotationState } from '#events';
import { type Logger } from '#platform';
import { type Transition } from './told-rotations.js';

/** Somebody has to look at it. */
const ALARMING: ReadonlySet<RotationState> = new Set([
  'manual_required',
  'out_of_sync',
  'wrap_lost',
  'wrap_suspect',
]);
/** It did not go as it should. */
const NOTABLE: ReadonlySet<RotationState> = new Set([
  'abandoned',
  'recovering',
  'reconciling',
  'rolling_back',
  'rolled_back',
]);

/** Writes one line for each transition: what became of which rotation, and why it waits. No value is ever part of it. */
export function logTransition(log: Logger, { from, to }: Transition): void {
  const hasMoved = from.state !== to.state;
  const hasNewFailure = to.errorClass !== undefined && to.errorClass !== from.errorClass;
  // A rotation that waits again for the same reason has been told of.
  if (!hasMoved && !hasNewFailure) return;
  const { id, resource, kind, trigger, errorClass, fromVersion, toVersion, attempt } = to;
  const fields = { rotation: id, resource, kind, trigger, fromVersion, toVersion, attempt };
  const why = errorClass === undefined ? '' : ` (${errorClass})`;
  const message = hasMoved
    ? `rotation ${id} of ${resource}: ${from.state} -> ${to.state}${why}`
    : `rotation ${id} of ${resource}: waits in ${to.state}${why}`;
  if (hasMoved && ALARMING.has(to.state)) log.error(fields, message);
  else if (!hasMoved || NOTABLE.has(to.state)) log.warn(fields, message);
  else log.info(fields, message);
}
