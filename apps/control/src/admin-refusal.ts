import { EVIDENCE_KEPT_DAYS } from '#events';
import { CANARIES_LIVE_MAX } from '#handles';
import { PosternError } from '#kernel';
import { type Rotation } from '#rotation';

/** What is asked for cannot be done; the message tells the operator why. */
export abstract class AdminRefusal extends PosternError {
  abstract readonly status: number;
}

/** The request does not fit; the message names the member. */
export class BadAdminRequest extends AdminRefusal {
  override readonly code = 'bad-request';
  override readonly status = 400;
}

export class HandleUnknown extends AdminRefusal {
  override readonly code = 'handle-unknown';
  override readonly status = 404;
}

/** No decision has this correlation id, or none of which Postern itself still has the events. */
export class DecisionUnknown extends AdminRefusal {
  override readonly code = 'decision-unknown';
  override readonly status = 404;

  /** @param found types of the events that have it */
  constructor(found: readonly string[]) {
    super(
      found.length === 0
        ? `no event has this correlation id; events are kept here for ${EVIDENCE_KEPT_DAYS} days at least, those on Kafka and in a SIEM longer`
        : `no decision has this correlation id, only events of type ${[...new Set(found)].join(', ')}`,
    );
  }
}

export class RotationUnknown extends AdminRefusal {
  override readonly code = 'rotation-unknown';
  override readonly status = 404;

  constructor(id: string) {
    super(`no rotation has the id ${JSON.stringify(id)}`);
  }
}

/** One credential is rotated once at a time. */
export class RotationActive extends AdminRefusal {
  override readonly code = 'rotation-active';
  override readonly status = 409;

  constructor(active: Pick<Rotation, 'id' | 'state'> | undefined) {
    const which = active === undefined ? '' : `: ${active.id} is ${active.state}`;
    super(`another rotation of this credential has not ended${which}`);
  }
}

/** Nobody could open what would be handed over. */
export class IntakeKeyMissing extends AdminRefusal {
  override readonly code = 'intake-key-missing';
  override readonly status = 503;

  constructor() {
    super(
      'no rotator has published its intake key yet, so no wrapping token can be handed over: see that a rotator runs and reaches its secret store',
    );
  }
}

export class CanaryUnknown extends AdminRefusal {
  override readonly code = 'canary-unknown';
  override readonly status = 404;

  constructor(id: string) {
    super(`no canary has the id ${JSON.stringify(id)}`);
  }
}

export class CanariesFull extends AdminRefusal {
  override readonly code = 'canaries-full';
  override readonly status = 409;

  constructor() {
    super(`${CANARIES_LIVE_MAX} canaries are live already: end one`);
  }
}

export class DetectionUnknown extends AdminRefusal {
  override readonly code = 'detection-unknown';
  override readonly status = 404;

  constructor(id: string) {
    super(`no detection has the id ${JSON.stringify(id)}`);
  }
}

export class RestrictionUnknown extends AdminRefusal {
  override readonly code = 'restriction-unknown';
  override readonly status = 404;

  constructor(id: string) {
    super(`no restriction has the id ${JSON.stringify(id)}`);
  }
}

/** A rule that decides on one event cannot be tried on windows of the past, and needs no trial to enforce. */
export class RuleNotTryable extends AdminRefusal {
  override readonly code = 'rule-not-tryable';
  override readonly status = 409;
}
