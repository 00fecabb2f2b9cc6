import { DETECTION_EVIDENCE_MAX } from '#events';
import { secondsAfter } from '#kernel';
import { type Candidate } from '../candidate.js';
import { type SeenDenial, type SeenExchange } from '../evidence-log.js';
import { RULES } from '../rules.js';
import { type DetectionSettings, thresholdOf } from '../rule-settings.js';
import { type InlineRule, isOwn } from './inline-rule.js';

const DAY_SECONDS = 86_400;

/** D05. A handle was used after it had expired: its holder does not ask for another one in time. */
export const useAfterExpiry: InlineRule = ({ exchanges, denials }, settings) =>
  exchanges.flatMap((origin) => {
    const until = secondsAfter(origin.handleExpiresAt, DAY_SECONDS);
    const late = denials.filter(
      (denial) =>
        denial.handleId === origin.handleId &&
        denial.reason === 'expired' &&
        denial.at <= until &&
        isOwn(denial, settings),
    );
    return late.length === 0 ? [] : [candidate(origin, late, settings)];
  });

function candidate(
  origin: SeenExchange,
  late: readonly SeenDenial[],
  { rules }: DetectionSettings,
): Candidate {
  const threshold = thresholdOf('D05', rules.D05, 'denied');
  const observed = mostInWindow(late);
  return {
    rule: 'D05',
    entity: { type: 'handle', id: origin.handleId },
    subjectId: origin.subjectId,
    resource: origin.resource,
    startAt: origin.handleExpiresAt,
    endAt: late.at(-1)?.at ?? origin.handleExpiresAt,
    severity: observed >= threshold ? 'medium' : 'low',
    confidence: 'medium',
    observed,
    threshold,
    evidence: late.map(({ eventId }) => eventId).slice(0, DETECTION_EVIDENCE_MAX),
    explanation: `An expired handle was presented up to ${observed} times within five minutes.`,
    responses: [],
  };
}

/** The most calls in a window, wherever it begins; they are in order. */
function mostInWindow(late: readonly SeenDenial[]): number {
  const windowMs = (RULES.D05.windowSeconds ?? 0) * 1000;
  let [most, sum, first] = [0, 0, 0];
  for (const { at, count } of late) {
    sum += count;
    for (let oldest = late[first]; oldest !== undefined; oldest = late[first]) {
      if (at.getTime() - oldest.at.getTime() < windowMs) break;
      sum -= oldest.count;
      first += 1;
    }
    most = Math.max(most, sum);
  }
  return most;
}
