import { DETECTION_EVIDENCE_MAX, type DetectionSeverity } from '#events';
import { secondsAfter } from '#kernel';
import { type Candidate, type PlannedResponse } from '../candidate.js';
import { clientText, likeness } from '../client-likeness.js';
import { type SeenDenial, type SeenExchange, type SeenRevocation } from '../evidence-log.js';
import { type DetectionSettings, thresholdOf } from '../rule-settings.js';
import { mostSevere } from '../severity.js';
import { type InlineRule, isOwn, secondsBetween } from './inline-rule.js';

const DAY_SECONDS = 86_400;
/** What the reason of a revocation says when the handle was in the wrong hands. */
const COMPROMISE = /\b(?:compromis|leak|stolen)/i;

/** A revoked handle with all that was tried with it since. */
interface Revoked {
  readonly revocation: SeenRevocation;
  readonly origin: SeenExchange | undefined;
  readonly denials: readonly SeenDenial[];
}

/**
 * D04. A handle was used after it was revoked: at once, since the word had not gone round; for a while, by a process that
 * has not heard; or by somebody else. Of a revocation there is one candidate. Whoever holds a dead handle must not be able
 * to end live ones with it: more is revoked only where the handle had been revoked for compromise.
 */
export const useAfterRevocation: InlineRule = (sighting, settings) =>
  [...new Set(sighting.denials.map(({ handleId }) => handleId))].flatMap((handleId) => {
    const revocation = sighting.revocations.find((one) => one.handleId === handleId);
    if (revocation === undefined) return [];
    const origin = sighting.exchanges.find((one) => one.handleId === handleId);
    const until = secondsAfter(origin?.handleExpiresAt ?? revocation.at, DAY_SECONDS);
    const denials = sighting.denials.filter(
      (denial) =>
        denial.handleId === handleId &&
        denial.reason === 'revoked' &&
        denial.at <= until &&
        isOwn(denial, settings),
    );
    return denials.length === 0 ? [] : [candidate({ revocation, origin, denials }, settings)];
  });

function candidate(revoked: Revoked, settings: DetectionSettings): Candidate {
  const { revocation, origin, denials } = revoked;
  const staleTries = triesOfStale(revoked, settings);
  const severity = mostSevere(
    denials.map((denial) => grade(denial, revoked, staleTries, settings)),
  );
  return {
    rule: 'D04',
    entity: { type: 'handle', id: revocation.handleId },
    subjectId: origin?.subjectId,
    resource: origin?.resource,
    startAt: revocation.at,
    endAt: denials.at(-1)?.at ?? revocation.at,
    severity,
    confidence: severity === 'high' ? 'high' : 'medium',
    observed: denials.reduce((sum, { count }) => sum + count, 0),
    threshold: 1,
    evidence: [revocation.eventId, ...denials.map(({ eventId }) => eventId)].slice(
      0,
      DETECTION_EVIDENCE_MAX,
    ),
    explanation: explained(revoked),
    responses: severity === 'high' ? furtherRevocation(revoked, settings) : [],
  };
}

function grade(
  denial: SeenDenial,
  { revocation, origin }: Revoked,
  staleTries: number,
  { rules }: DetectionSettings,
): DetectionSeverity {
  const figure = (name: string): number => thresholdOf('D04', rules.D04, name);
  const seconds = delaySeconds(revocation, denial);
  if (seconds <= figure('propagationSeconds')) return 'info';
  if (likeness(origin?.client, denial.client) === 'other') return 'high';
  if (seconds <= figure('staleSeconds')) return 'low';
  return staleTries >= figure('tries') ? 'medium' : 'low';
}

/** By one clock: those of two processes may be half a minute apart, and what is compared here are seconds. */
const delaySeconds = (revocation: SeenRevocation, denial: SeenDenial): number =>
  secondsBetween(revocation.recordedAt, denial.recordedAt);

/** How often the handle's own client went on after the time in which every process should have heard. */
function triesOfStale(
  { revocation, origin, denials }: Revoked,
  { rules }: DetectionSettings,
): number {
  const staleSeconds = thresholdOf('D04', rules.D04, 'staleSeconds');
  return denials
    .filter((denial) => delaySeconds(revocation, denial) > staleSeconds)
    .filter(({ client }) => likeness(origin?.client, client) !== 'other')
    .reduce((sum, { count }) => sum + count, 0);
}

function furtherRevocation(
  { revocation, origin }: Revoked,
  settings: DetectionSettings,
): readonly PlannedResponse[] {
  const isCompromise = COMPROMISE.test(revocation.reason) && revocation.initiator !== 'subject';
  if (!isCompromise || origin === undefined || !isOwn(origin, settings)) return [];
  return [{ action: 'revoke_family', target: `family:${origin.familyId}`, seconds: undefined }];
}

function explained({ origin, denials }: Revoked): string {
  const other = denials.find(({ client }) => likeness(origin?.client, client) === 'other');
  const by = other === undefined ? '' : `, by ${clientText(other.client)}`;
  const from = origin === undefined ? '' : ` It was issued to ${clientText(origin.client)}.`;
  return `A revoked handle was presented again${by}.${from}`;
}
