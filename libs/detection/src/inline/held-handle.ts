import { type RecordedEvent } from '#events';
import { type Candidate } from '../candidate.js';
import { type DetectionSettings } from '../rule-settings.js';
import { eventsOf } from '../sighting.js';
import { type InlineRule, isOwnEvent, merged, ofEvent } from './inline-rule.js';

type Denied = RecordedEvent<'dev.postern.call.denied.v1'>;

/** D06. A bound handle without its key: it is in other hands, and cheap to have again. */
export const bindingMismatch: InlineRule = (sighting, settings) =>
  merged(
    eventsOf(sighting, 'dev.postern.call.denied.v1')
      .filter(({ data }) => data.reason === 'binding_mismatch')
      .flatMap((event) =>
        ofHandle(event, settings, {
          rule: 'D06',
          explanation: 'A bound handle was presented without the key that it is bound to.',
        }),
      ),
  );

/** D09. A canary was used: nobody has a reason to. Where it lay, somebody reads what is not theirs. */
export const canaryUsed: InlineRule = (sighting, settings) =>
  merged([
    ...eventsOf(sighting, 'dev.postern.call.denied.v1')
      .filter(({ data }) => isCanary(data.reason))
      .flatMap((event) => ofHandle(event, settings, CANARY)),
    ...eventsOf(sighting, 'dev.postern.exchange.denied.v1')
      .filter(({ data }) => isCanary(data.reason))
      .flatMap((event) => exchanged(event, settings)),
    ...eventsOf(sighting, 'dev.postern.leak.reported.v1').flatMap((event) =>
      foundInPublic(event, settings),
    ),
  ]);

const CANARY = { rule: 'D09', explanation: 'A canary handle was presented, and denied.' } as const;

const isCanary = (reason: string): boolean => reason === 'canary';

function ofHandle(
  event: Denied,
  settings: DetectionSettings,
  told: Pick<Candidate, 'rule' | 'explanation'>,
): readonly Candidate[] {
  const { handle_id: handleId, canary_id: canaryId, resource, count = 1 } = event.data;
  const id = canaryId ?? handleId;
  if (id === undefined || !isOwnEvent(event, settings)) return [];
  return [
    ofEvent(event, {
      ...told,
      entity: { type: 'handle', id },
      subjectId: undefined,
      resource,
      severity: 'critical',
      confidence: 'high',
      observed: count,
      responses: [
        {
          action: told.rule === 'D06' ? 'revoke_handle' : 'page',
          target: `handle:${id}`,
          seconds: undefined,
        },
      ],
    }),
  ];
}

function exchanged(
  event: RecordedEvent<'dev.postern.exchange.denied.v1'>,
  settings: DetectionSettings,
): readonly Candidate[] {
  const { canary_id: canaryId, parent_handle_id: handleId, actor, count = 1 } = event.data;
  const id = canaryId ?? handleId;
  if (id === undefined || !isOwnEvent(event, settings)) return [];
  return [
    ofEvent(event, {
      rule: 'D09',
      entity: { type: 'handle', id },
      subjectId: actor.subject_id,
      resource: undefined,
      severity: 'critical',
      confidence: 'high',
      observed: count,
      explanation: 'A canary handle was presented for an exchange, and denied.',
      responses: [{ action: 'page', target: `handle:${id}`, seconds: undefined }],
    }),
  ];
}

/** Nobody used it yet, and the place where it lay is open to all. */
function foundInPublic(
  event: RecordedEvent<'dev.postern.leak.reported.v1'>,
  settings: DetectionSettings,
): readonly Candidate[] {
  const { canary_id: id, provider } = event.data;
  if (id === undefined || !isOwnEvent(event, settings)) return [];
  return [
    ofEvent(event, {
      rule: 'D09',
      entity: { type: 'handle', id },
      subjectId: undefined,
      resource: undefined,
      severity: 'critical',
      confidence: 'high',
      observed: 1,
      explanation: `${provider} reported that a canary lies in public.`,
      responses: [{ action: 'page', target: `handle:${id}`, seconds: undefined }],
    }),
  ];
}
