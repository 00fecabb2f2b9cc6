import { DETECTION_EVIDENCE_MAX, type DetectionSeverity } from '#events';
import { type Candidate, type PlannedResponse } from '../candidate.js';
import { clientText, likeness } from '../client-likeness.js';
import { type SeenExchange, type SeenReplay } from '../evidence-log.js';
import { type DetectionSettings, thresholdOf } from '../rule-settings.js';
import { mostSevere } from '../severity.js';
import { type InlineRule, isOwn, secondsBetween } from './inline-rule.js';

/**
 * D01. A subject token came again that had been exchanged as often as it may be. The same client within ten seconds asks
 * again after a lost answer; another client has a token that is not its own, or the first one did. Of the first exchange
 * there is one candidate, however often the token comes.
 */
export const subjectTokenReplay: InlineRule = ({ exchanges, replays }, settings) =>
  exchanges.flatMap((first) => {
    const again = replays.filter(
      ({ reason, priorExchangeId }) =>
        reason === 'replayed' && priorExchangeId === first.exchangeId,
    );
    const concerned = again.filter((replay) => isOwn(first, settings) || isOwn(replay, settings));
    return concerned.length === 0 ? [] : [candidate(first, concerned, settings)];
  });

function candidate(
  first: SeenExchange,
  again: readonly SeenReplay[],
  settings: DetectionSettings,
): Candidate {
  const severity = mostSevere(again.map((replay) => grade(first, replay, settings)));
  const last = again.at(-1);
  return {
    rule: 'D01',
    entity: { type: 'family', id: first.familyId },
    subjectId: first.subjectId,
    resource: first.resource,
    startAt: first.at,
    endAt: last?.at ?? first.at,
    severity,
    confidence: severity === 'high' ? 'high' : 'medium',
    observed: again.length,
    threshold: 1,
    evidence: [first.eventId, ...again.map(({ eventId }) => eventId)].slice(
      0,
      DETECTION_EVIDENCE_MAX,
    ),
    explanation: explained(first, again),
    responses: severity === 'high' && isOwn(first, settings) ? [revocation(first)] : [],
  };
}

function grade(
  first: SeenExchange,
  replay: SeenReplay,
  { rules }: DetectionSettings,
): DetectionSeverity {
  // The `jti` of one workload's token is no word about another's: nothing is taken away on it.
  if (replay.subjectId !== first.subjectId) return 'low';
  const alike = likeness(first.client, replay.client);
  if (alike === 'other') return 'high';
  const leewaySeconds = thresholdOf('D01', rules.D01, 'leewaySeconds');
  const isRetry = secondsBetween(first.at, replay.at) <= leewaySeconds;
  return alike === 'same' && isRetry ? 'info' : 'low';
}

function explained(first: SeenExchange, again: readonly SeenReplay[]): string {
  const others = again.filter(({ client }) => likeness(first.client, client) === 'other');
  const [other = again[0]] = others;
  const from = other === undefined ? '' : `, once from ${clientText(other.client)}`;
  return (
    `A subject token that ${clientText(first.client)} exchanged was presented ` +
    `${again.length} more times${from}.`
  );
}

const revocation = ({ familyId }: SeenExchange): PlannedResponse => ({
  action: 'revoke_family',
  target: `family:${familyId}`,
  seconds: undefined,
});
