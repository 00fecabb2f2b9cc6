import { type RecordedEvent } from '#events';
import { type Candidate } from '../candidate.js';
import { type DetectionSettings } from '../rule-settings.js';
import { eventsOf } from '../sighting.js';
import { type InlineRule, isOwnEvent, merged, ofEvent } from './inline-rule.js';

type Breaker = RecordedEvent<
  'dev.postern.credential.breaker_opened.v1' | 'dev.postern.credential.out_of_sync.v1'
>;
type Wrap = RecordedEvent<'dev.postern.wrap.suspect.v1' | 'dev.postern.wrap.lost.v1'>;

/** D18. The legacy system refuses a credential: the breaker has opened already, people have to look. */
export const credentialRefused: InlineRule = (sighting, settings) =>
  merged(
    [
      ...eventsOf(sighting, 'dev.postern.credential.breaker_opened.v1'),
      ...eventsOf(sighting, 'dev.postern.credential.out_of_sync.v1'),
    ].flatMap((event: Breaker) => refused(event, settings)),
  );

function refused(event: Breaker, settings: DetectionSettings): readonly Candidate[] {
  if (!isOwnEvent(event, settings)) return [];
  const { resource, failures, version, window_seconds: seconds } = event.data;
  return [
    ofEvent(event, {
      rule: 'D18',
      entity: { type: 'resource', id: resource },
      subjectId: undefined,
      resource,
      severity: 'high',
      confidence: 'high',
      observed: Math.max(1, failures),
      explanation: `Version ${version} of the credential was refused ${failures} times within ${seconds} s.`,
      responses: [{ action: 'report', target: `resource:${resource}`, seconds: undefined }],
    }),
  ];
}

/** D20. What was handed over wrapped is not what came: somebody else may have opened it. Each hand-over by itself. */
export const wrapMalfeasance: InlineRule = (sighting, settings) =>
  [
    ...eventsOf(sighting, 'dev.postern.wrap.suspect.v1'),
    ...eventsOf(sighting, 'dev.postern.wrap.lost.v1'),
  ].flatMap((event: Wrap) => mishandled(event, settings));

/** Too late, or not answered: that happens to the honest as well. */
const HONEST: ReadonlySet<string> = new Set(['expired', 'response_lost']);

function mishandled(event: Wrap, settings: DetectionSettings): readonly Candidate[] {
  if (!isOwnEvent(event, settings)) return [];
  const { resource, verdict } = event.data;
  const isHonest = HONEST.has(verdict);
  const told = ofEvent(event, {
    rule: 'D20',
    entity: { type: 'resource', id: resource },
    subjectId: undefined,
    resource,
    severity: isHonest ? 'medium' : 'critical',
    confidence: isHonest ? 'medium' : 'high',
    observed: 1,
    explanation: `A wrapping token for a new value was refused: ${verdict}.`,
    responses: isHonest
      ? []
      : [{ action: 'page', target: `resource:${resource}`, seconds: undefined }],
  });
  return [{ ...told, startAt: told.endAt }];
}
