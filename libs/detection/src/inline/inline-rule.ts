import { DETECTION_EVIDENCE_MAX, type RecordedEvent } from '#events';
import { type Candidate } from '../candidate.js';
import { moreSevere } from '../severity.js';
import { type DetectionSettings } from '../rule-settings.js';
import { deploymentOf } from '../seen-events.js';
import { type Sighting } from '../sighting.js';

/** What a rule finds in a batch and what was seen before. Pure: the same for the same, in whatever order it came. */
export type InlineRule = (sighting: Sighting, settings: DetectionSettings) => readonly Candidate[];

type Place = Pick<DetectionSettings, 'environment' | 'deployment'>;

/** Whether it happened in this deployment, which then answers for it. */
export const isOwn = (place: Place, settings: DetectionSettings): boolean =>
  place.environment === settings.environment && place.deployment === settings.deployment;

export const isOwnEvent = (event: RecordedEvent, settings: DetectionSettings): boolean =>
  isOwn({ environment: event.env, deployment: deploymentOf(event) }, settings);

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
/** Of one candidate, however many sources its events come from: the first. */
const RESPONSES_MAX = 20;

/** A flood of events about one entity is one candidate an hour. */
export const hourOf = (at: Date): Date => floor(at, HOUR_MS);
export const minuteOf = (at: Date): Date => floor(at, MINUTE_MS);

const floor = (at: Date, unitMs: number): Date =>
  new Date(Math.floor(at.getTime() / unitMs) * unitMs);

export const secondsBetween = (from: Date, until: Date): number =>
  (until.getTime() - from.getTime()) / 1000;

/** What an event that decides by itself tells; its candidate is of its hour. */
export type OfOneEvent = Omit<Candidate, 'startAt' | 'endAt' | 'evidence' | 'threshold'>;

export const ofEvent = (event: RecordedEvent, told: OfOneEvent): Candidate => ({
  ...told,
  startAt: hourOf(new Date(event.time)),
  endAt: new Date(event.time),
  threshold: 1,
  evidence: [event.id],
});

export const isOfHex = (fingerprint: string | undefined): fingerprint is string =>
  fingerprint !== undefined && /^[0-9a-f]{32}$/.test(fingerprint);

/** Those that tell of the same are one: as severe as the most severe, with the evidence of all. */
export function merged(candidates: readonly Candidate[]): readonly Candidate[] {
  const byName = new Map<string, Candidate>();
  for (const candidate of candidates) {
    const { rule, entity, startAt } = candidate;
    const name = JSON.stringify([rule, entity.type, entity.id, startAt.getTime()]);
    const known = byName.get(name);
    byName.set(name, known === undefined ? candidate : both(known, candidate));
  }
  return [...byName.values()];
}

function both(one: Candidate, other: Candidate): Candidate {
  const worst = moreSevere(other.severity, one.severity) ? other : one;
  const responses = [...one.responses, ...other.responses];
  return {
    ...worst,
    endAt: one.endAt > other.endAt ? one.endAt : other.endAt,
    observed: one.observed + other.observed,
    evidence: [...new Set([...one.evidence, ...other.evidence])].slice(0, DETECTION_EVIDENCE_MAX),
    responses: [
      ...new Map(responses.map((one) => [`${one.action} ${one.target}`, one])).values(),
    ].slice(0, RESPONSES_MAX),
  };
}
