import { randomUUID } from 'node:crypto';
import { type ManagedCredential, refText } from '#credentials';
import { type EventFactory, type PosternEvent } from '#events';
import { type Clock, randomId } from '#kernel';
import { type RotationTerms } from './rotation-plan.js';
import { RotationRefused } from './rotation-refused.js';
import { type CredentialBook, type RotationStore } from './rotation-store.js';
import {
  type Rotation,
  type RotationOrigin,
  type RotationTrigger,
  type WrapIntake,
} from './rotation.js';
import { requestedEvent, wrapReceivedEvent } from './requested-events.js';
import { dueOccurrence } from './schedule.js';

/** What is asked for. */
export interface RotationOrder {
  readonly resource: string;
  readonly origin: RotationOrigin;
  readonly trigger: RotationTrigger;
  /** With origin `vault`: the version that appeared. */
  readonly toVersion?: number;
  /** With origin `wrapped`. */
  readonly wrap?: WrapIntake;
  readonly initiatorId?: string;
  /** Another acts for the initiator: then it may ask for nothing that needs approvals. */
  readonly isDelegated?: boolean;
  readonly reason?: string;
  readonly occurrence?: string;
  readonly correlationId: string;
}

export interface RequestRotationParts {
  readonly store: RotationStore;
  readonly book: CredentialBook;
  readonly terms: ReadonlyMap<string, RotationTerms>;
  readonly events: EventFactory;
  readonly clock: Clock;
}

export type RequestOutcome =
  | { readonly kind: 'requested'; readonly rotation: Rotation }
  | { readonly kind: 'active' | 'repeated' };

/** The one way in for rotations: of operators, signed commands, schedules and the watch over versions. */
export class RequestRotation {
  constructor(private readonly parts: RequestRotationParts) {}

  /**
   * Nothing was written with `active`: another rotation of this credential has not ended; and with `repeated`: there is, or
   * was, one of the same occurrence, or the version is in use already.
   * @param told Further events that are written with it, or not at all.
   * @throws RotationRefused, DependencyUnavailable
   */
  async request(
    order: RotationOrder,
    told: (rotation: Rotation) => readonly PosternEvent[] = () => [],
  ): Promise<RequestOutcome> {
    const terms = this.#termsOf(order);
    assertTaken(order, terms);
    const { currentVersion } = inHand(await this.parts.book.find(terms.ref), terms);
    const { toVersion } = order;
    if (toVersion !== undefined && toVersion <= currentVersion) return { kind: 'repeated' };
    const rotation = newRotation(order, terms, {
      now: this.parts.clock.now(),
      fromVersion: currentVersion,
    });
    assertOwn(order, rotation);
    const kind = await this.parts.store.request(rotation, [
      ...this.#eventsOf(rotation, terms),
      ...told(rotation),
    ]);
    return kind === 'requested' ? { kind, rotation } : { kind };
  }

  #termsOf({ resource }: RotationOrder): RotationTerms {
    const terms = this.parts.terms.get(resource);
    if (terms !== undefined) return terms;
    throw new RotationRefused(
      'unknown_resource',
      `no resource ${JSON.stringify(resource)} is rotated by Postern: it needs a rotation section in postern.yaml`,
    );
  }

  #eventsOf(rotation: Rotation, terms: RotationTerms): readonly PosternEvent[] {
    const { events } = this.parts;
    const { wrapped, schedule } = terms;
    const isOutside =
      schedule === undefined ? undefined : !isWithinWindow(terms, rotation.requestedAt);
    const requested = requestedEvent(events, rotation, isOutside);
    if (rotation.wrap === undefined || wrapped === undefined) return [requested];
    return [requested, wrapReceivedEvent(events, rotation, wrapped)];
  }
}

/** The terms must have a place for where the value comes from, and the order must bring what it says. */
function assertTaken(order: RotationOrder, terms: RotationTerms): void {
  const { origin, wrap, toVersion } = order;
  const refuse = (message: string): never => {
    throw new RotationRefused('origin_not_allowed', `resource ${terms.resource}: ${message}`);
  };
  if (origin === 'generated' && terms.kind === 'external') {
    refuse('Postern can make no value without change in its rotation section: hand one over');
  }
  if (origin === 'wrapped' && terms.wrapped === undefined) {
    refuse('no wrapping tokens are taken without wrapped in its rotation section');
  }
  if ((origin === 'wrapped') !== (wrap?.sealedToken !== undefined)) {
    refuse('a wrapping token goes with the origin wrapped, and with no other');
  }
  if ((origin === 'vault') !== (toVersion !== undefined)) {
    refuse('a version goes with the origin vault, and with no other');
  }
}

/** Who acts for another could approve by a handle of its own what it has asked for by that of the other. */
function assertOwn({ isDelegated = false }: RotationOrder, { approvalsNeeded }: Rotation): void {
  if (!isDelegated || approvalsNeeded === 0) return;
  throw new RotationRefused(
    'not_permitted',
    'this rotation needs approvals of others: ask for it by a handle of your own, by which nobody acts for another',
  );
}

/** Without a version that calls use nobody could say what the new one takes the place of. */
function inHand(
  credential: ManagedCredential | undefined,
  { resource, ref }: RotationTerms,
): ManagedCredential {
  if (credential !== undefined) return credential;
  throw new RotationRefused(
    'not_in_hand',
    `resource ${resource}: no rotator has taken ${refText(ref)} in hand yet: see that one runs, and that the secret has a version`,
  );
}

function newRotation(
  order: RotationOrder,
  terms: RotationTerms,
  { now, fromVersion }: { readonly now: Date; readonly fromVersion: number },
): Rotation {
  const approvalsNeeded = approvalsFor(order, terms, now);
  const deadlineAt = new Date(now.getTime() + terms.deadlineMs);
  return {
    id: randomId('rot'),
    ref: terms.ref,
    resource: terms.resource,
    // What an administrator wrote is verified and used; nothing is changed for it.
    kind: order.origin === 'vault' ? 'external' : terms.kind,
    ...{ origin: order.origin, trigger: order.trigger, fromVersion, toVersion: order.toVersion },
    ...{ state: 'requested', previousState: undefined, stateSince: now },
    token: randomUUID(),
    ...{ occurrence: order.occurrence, initiatorId: order.initiatorId, reason: order.reason },
    ...{ attempt: 1, values: 1, waits: 0, probe: undefined, errorClass: undefined },
    // Nobody takes it up before it is approved; when its time is over it is given up.
    dueAt: approvalsNeeded > 0 ? deadlineAt : now,
    deadlineAt,
    wrap: order.wrap,
    approvalsNeeded,
    approvedBy: [],
    correlationId: order.correlationId,
    requestedAt: now,
    endedAt: undefined,
  };
}

/** What was planned needs nobody else; what is urgent, or comes when nobody expects it, does. */
function approvalsFor({ trigger }: RotationOrder, terms: RotationTerms, now: Date): number {
  switch (trigger) {
    case 'schedule':
    case 'vault_change':
      return 0;
    case 'compromise':
      return terms.breakGlassApprovals;
    case 'admin':
    case 'detection':
      return isWithinWindow(terms, now) ? 0 : terms.breakGlassApprovals;
  }
}

const isWithinWindow = ({ schedule }: RotationTerms, now: Date): boolean =>
  schedule === undefined || dueOccurrence(schedule, now) !== undefined;
