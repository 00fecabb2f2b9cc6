import { type RecordedEvent } from '#events';
import { eventsOf } from '../sighting.js';
import { type InlineRule, isOwnEvent, merged, ofEvent } from './inline-rule.js';

type Requested = RecordedEvent<'dev.postern.rotation.requested.v1'>;

/**
 * D21, by one event: a rotation outside the window of its schedule, which is no answer to an incident and which nobody else
 * has to approve. Its other conditions need a window: three in an hour, a version that went back.
 */
export const unplannedRotation: InlineRule = (sighting, settings) =>
  merged(
    eventsOf(sighting, 'dev.postern.rotation.requested.v1')
      .filter((event) => isOwnEvent(event, settings) && isUnplanned(event))
      .map((event) => {
        const { resource, trigger } = event.data;
        return ofEvent(event, {
          rule: 'D21',
          entity: { type: 'resource', id: resource },
          subjectId: undefined,
          resource,
          severity: 'high',
          confidence: 'medium',
          observed: 1,
          explanation: `A rotation (${trigger}) was begun outside its window, and nobody has to approve it.`,
          responses: [
            { action: 'hold_promotion', target: `resource:${resource}`, seconds: undefined },
          ],
        });
      }),
  );

/** Break-glass is what somebody else approves, or what answers to a compromise. */
const isUnplanned = ({ data }: Requested): boolean =>
  data.outside_window === true &&
  (data.approvals_needed ?? 0) === 0 &&
  data.trigger !== 'compromise' &&
  data.trigger !== 'schedule';
