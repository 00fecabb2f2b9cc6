import { type SignalOutcome } from '#events';
import { type SecurityEvent } from '#identity';

const CAEP = 'https://schemas.openid.net/secevent/caep/event-type/';
/** SSF 1.0 section 8.1.4. */
const VERIFICATION = 'https://schemas.openid.net/secevent/ssf/event-type/verification';

/**
 * By event type (CAEP 1.0 section 3) the member and its one value that say that trust was kept. Every other value
 * revokes, also one that is missing or unknown.
 */
const TRUST_KEPT: ReadonlyMap<string, readonly [member: string, value: string] | undefined> =
  new Map([
    [`${CAEP}session-revoked`, undefined],
    [`${CAEP}token-claims-change`, undefined],
    [`${CAEP}credential-change`, ['change_type', 'create']],
    [`${CAEP}device-compliance-change`, ['current_status', 'compliant']],
    [`${CAEP}risk-level-change`, ['current_level', 'LOW']],
  ]);

/** What a security event asks for: to revoke the handles of its subject, or nothing, and why. */
export function effectOf({
  eventType,
  event,
  subject,
  transmitter,
}: SecurityEvent): 'revoke' | Exclude<SignalOutcome, 'revoked'> {
  if (eventType === VERIFICATION) return 'verified';
  if (!TRUST_KEPT.has(eventType)) return 'unknown_event';
  if (subject === undefined || !transmitter.speaksOf.has(subject.issuer)) return 'unknown_subject';
  const [member, value] = TRUST_KEPT.get(eventType) ?? [];
  return member !== undefined && event[member] === value ? 'trust_kept' : 'revoke';
}
