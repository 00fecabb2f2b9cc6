import { type RecordedEvent } from '#events';
import { type Candidate } from '../candidate.js';
import { type DetectionSettings } from '../rule-settings.js';
import { eventsOf } from '../sighting.js';
import { type InlineRule, isOfHex, isOwnEvent, merged, ofEvent } from './inline-rule.js';

/** D24. Somebody found a live handle in public, and proved to be who may say so. */
export const leakReport: InlineRule = (sighting, settings) =>
  merged(
    eventsOf(sighting, 'dev.postern.leak.reported.v1').flatMap((event) =>
      reported(event, settings),
    ),
  );

function reported(
  event: RecordedEvent<'dev.postern.leak.reported.v1'>,
  settings: DetectionSettings,
): readonly Candidate[] {
  const { handle_id: id, handle_fp: fingerprint, live, provider, canary_id } = event.data;
  if (canary_id !== undefined) return []; // It is D09's.
  if (!live || !isOwnEvent(event, settings) || !isOfHex(fingerprint)) return [];
  return [
    ofEvent(event, {
      rule: 'D24',
      entity: { type: 'handle', id: id ?? `fp:${fingerprint}` },
      subjectId: undefined,
      resource: undefined,
      severity: 'critical',
      confidence: 'high',
      observed: 1,
      explanation: `${provider} reported that a live handle lies in public.`,
      responses: [
        {
          action: 'revoke_handle',
          target: id === undefined ? `handle_fp:${fingerprint}` : `handle:${id}`,
          seconds: undefined,
        },
      ],
    }),
  ];
}
