import { DETECTION_EVIDENCE_MAX } from '#events';
import { randomId, secondsAfter } from '#kernel';
import { type Candidate, type PlannedResponse } from './candidate.js';
import { modeOf, RESPONSE_BUDGET_SECONDS } from './decide-responses.js';
import { type Detection } from './detection.js';
import { type RuleMode } from './rule.js';
import { type DetectionSettings } from './rule-settings.js';
import { RULES } from './rules.js';
import { moreSevere } from './severity.js';

const confidences = ['low', 'medium', 'high'] as const;
/** How often as much must be observed for a detection to be told again. */
const GROWN_FACTOR = 2;
/** Most that one detection comes to: it is a row of a table. */
const RESPONSES_MAX = 50;

/** A candidate that is kept from now on; undefined when its rule is `off` for what it is about. */
export function detectionOf(
  candidate: Candidate,
  settings: DetectionSettings,
  now: Date,
): Detection | undefined {
  const mode: RuleMode = modeOf(settings, candidate.rule, candidate.resource);
  if (mode === 'off') return undefined;
  return {
    ...candidate,
    id: randomId('det'),
    ruleRevision: RULES[candidate.rule].revision,
    mode,
    raisedAt: now,
    updatedAt: now,
    closed: undefined,
  };
}

/** The detection with what a later candidate of the same name adds; undefined: nothing that has to be told. */
export function grownBy(known: Detection, candidate: Candidate, now: Date): Detection | undefined {
  if (known.closed !== undefined || !isGrown(known, candidate)) return undefined;
  const [one, other] = [known.confidence, candidate.confidence].map((confidence) =>
    confidences.indexOf(confidence),
  );
  return {
    ...known,
    subjectId: known.subjectId ?? candidate.subjectId,
    endAt: known.endAt > candidate.endAt ? known.endAt : candidate.endAt,
    severity: moreSevere(candidate.severity, known.severity) ? candidate.severity : known.severity,
    confidence: confidences[Math.max(one ?? 0, other ?? 0)] ?? known.confidence,
    observed: Math.max(known.observed, candidate.observed),
    threshold: candidate.threshold,
    evidence: bothOf(known.evidence, candidate.evidence),
    explanation: candidate.explanation,
    responses: [...known.responses, ...newResponses(known, candidate)],
    updatedAt: now,
  };
}

/** Those that the detection has not had yet, as far as there is room for them. */
export const newResponses = (known: Detection, candidate: Candidate): readonly PlannedResponse[] =>
  candidate.responses
    .filter((response) => !known.responses.some((other) => isSameResponse(other, response)))
    .slice(0, Math.max(0, RESPONSES_MAX - known.responses.length));

/**
 * Those that the detection has had, and that were not ordered: the budget was used up, perhaps by somebody who meant to. It
 * still goes on, so they are decided once more.
 */
export function withheldResponses(
  known: Detection,
  candidate: Candidate,
  ordered: readonly Pick<PlannedResponse, 'action' | 'target'>[],
  now: Date,
): readonly PlannedResponse[] {
  const goesOn =
    candidate.endAt > known.endAt && secondsAfter(candidate.endAt, RESPONSE_BUDGET_SECONDS) > now;
  if (known.closed !== undefined || known.mode !== 'enforce' || !goesOn) return [];
  return candidate.responses.filter(
    (response) =>
      known.responses.some((other) => isSameResponse(other, response)) &&
      !ordered.some((other) => isSameResponse(other, response)),
  );
}

/**
 * Of a detection that is closed: what is worse than was known when somebody closed it, or wants what it did not. That is a
 * detection of its own, which begins when the other was closed. Undefined: nothing new for who closed it.
 */
export function afterClosing(known: Detection, candidate: Candidate): Candidate | undefined {
  const { closed, severity } = known;
  const isWorse = moreSevere(candidate.severity, severity);
  if (closed === undefined || !(isWorse || newResponses(known, candidate).length > 0)) {
    return undefined;
  }
  const startAt = new Date(Math.max(closed.at.getTime(), candidate.startAt.getTime() + 1));
  return { ...candidate, startAt, endAt: candidate.endAt > startAt ? candidate.endAt : startAt };
}

const isSameResponse = (
  one: Pick<PlannedResponse, 'action' | 'target'>,
  other: Pick<PlannedResponse, 'action' | 'target'>,
): boolean => one.action === other.action && one.target === other.target;

/** Whether both tell of the same. */
export const isSame = (one: Candidate, other: Candidate): boolean =>
  one.rule === other.rule &&
  one.entity.type === other.entity.type &&
  one.entity.id === other.entity.id &&
  one.startAt.getTime() === other.startAt.getTime();

/** What has to be done about it may be new by itself: a canary that is used from another source is to be blocked there. */
const isGrown = (known: Detection, candidate: Candidate): boolean =>
  moreSevere(candidate.severity, known.severity) ||
  candidate.observed >= GROWN_FACTOR * known.observed ||
  newResponses(known, candidate).length > 0;

const bothOf = (one: readonly string[], other: readonly string[]): readonly string[] =>
  [...new Set([...one, ...other])].slice(0, DETECTION_EVIDENCE_MAX);
