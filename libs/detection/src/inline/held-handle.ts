import { type RecordedEvent } from '#events';
import { type Candidate, type PlannedResponse } from '../candidate.js';
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
          subjectId: sighting.exchanges.find(({ handleId }) => handleId === event.data.handle_id)
            ?.subjectId,
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

/** For so long what is tried from the source of a canary is refused without a second look. */
const BLOCK_SECONDS = 1_800;

const CANARY = {
  rule: 'D09',
  subjectId: undefined,
  explanation: 'A canary handle was presented, and denied.',
} as const;

const isCanary = (reason: string): boolean => reason === 'canary';

function ofHandle(
  event: Denied,
  settings: DetectionSettings,
  told: Pick<Candidate, 'rule' | 'subjectId' | 'explanation'>,
): readonly Candidate[] {
  const { handle_id: handleId, canary_id: canaryId, resource, count = 1 } = event.data;
  const id = canaryId ?? handleId;
  if (id === undefined || !isOwnEvent(event, settings)) return [];
  return [
    ofEvent(event, {
      ...told,
      entity: { type: 'handle', id },
      resource,
      severity: 'critical',
      confidence: 'high',
      observed: count,
      responses:
        told.rule === 'D06'
          ? [{ action: 'revoke_handle', target: `handle:${id}`, seconds: undefined }]
          : ofCanary(id, event.data.client.ip),
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
      responses: ofCanary(id, actor.client.ip),
    }),
  ];
}

/** Somebody looks at it, and where it was used from is not believed for a while. */
const ofCanary = (id: string, ip: string): readonly PlannedResponse[] => [
  { action: 'page', target: `handle:${id}`, seconds: undefined },
  { action: 'block_source', target: `source:${ip}`, seconds: BLOCK_SECONDS },
];

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
