import { type EventFactory, type EventJournal } from '#events';
import { type ProofUses } from '#handles';
import {
  type SecurityEvent,
  SecurityEventRejected,
  type SecurityEventVerifier,
  SET_AGE_SECONDS_MAX,
  SET_CLOCK_SKEW_SECONDS,
  subjectIdOf,
} from '#identity';
import { secondsAfter, sha256OfParts } from '#kernel';
import { type RevokeHandles } from './revoke-handles.js';
import { effectOf } from './security-event-effect.js';
import { acceptedSignal, rejectedSignal, type SecurityEventDelivery } from './signal-record.js';

/** As long after `iat` as any process takes the token, whatever its clock. */
const REMEMBERED_SECONDS = SET_AGE_SECONDS_MAX + 2 * SET_CLOCK_SKEW_SECONDS;

export interface ReceiveSecurityEventParts {
  readonly verifier: SecurityEventVerifier;
  readonly revokeHandles: RevokeHandles;
  readonly uses: ProofUses;
  readonly journal: EventJournal;
  readonly events: EventFactory;
}

/**
 * Security Event Tokens that a transmitter pushes (RFC 8935): what says that trust in a workload was lost revokes its
 * handles. A token is remembered after its effect, so that what fails half-way is done again when it is sent again, and
 * what was acknowledged never is.
 */
export class ReceiveSecurityEvent {
  constructor(private readonly parts: ReceiveSecurityEventParts) {}

  /**
   * @param compactJws The body of the request.
   * @throws SecurityEventRejected after its event was committed
   * @throws DependencyUnavailable: the transmitter must send it again
   */
  async receive(compactJws: string, delivery: SecurityEventDelivery): Promise<void> {
    const event = await this.#verified(compactJws, delivery);
    const key = sha256OfParts(['set', event.transmitter.registration.issuer, event.jti]);
    if (await this.parts.uses.isUsed(key)) return;
    const effect = effectOf(event);
    const revoked = effect === 'revoke' ? await this.#revoke(event, delivery) : 0;
    const outcome = effect === 'revoke' ? 'revoked' : effect;
    const { journal, events, uses } = this.parts;
    await journal.append([acceptedSignal(events, event, { outcome, revoked, delivery })]);
    await uses.use(key, secondsAfter(event.issuedAt, REMEMBERED_SECONDS));
  }

  async #verified(compactJws: string, delivery: SecurityEventDelivery): Promise<SecurityEvent> {
    try {
      return await this.parts.verifier.verify(compactJws);
    } catch (error) {
      if (error instanceof SecurityEventRejected) {
        await this.parts.journal.append([rejectedSignal(this.parts.events, error, delivery)]);
      }
      throw error;
    }
  }

  async #revoke(
    { subject, ...event }: SecurityEvent,
    delivery: SecurityEventDelivery,
  ): Promise<number> {
    if (subject === undefined) return 0;
    const { operator, correlationId } = delivery;
    const revoked = await this.parts.revokeHandles.revoke({
      selector: { scope: 'subject', id: subjectIdOf(subject) },
      reason: `security event ${event.eventType} of ${event.transmitter.registration.id}`,
      initiator: 'command',
      initiatorId: operator.handleId ?? operator.subjectId,
      correlationId,
    });
    return revoked.length;
  }
}
