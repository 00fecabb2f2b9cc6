import { type Candidate } from '../candidate.js';
import { type SeenGap } from '../evidence-log.js';
import { eventsOf } from '../sighting.js';
import { type InlineRule, isOwnEvent, merged, minuteOf, ofEvent } from './inline-rule.js';

/** D23, by one event: a call began and nobody knows how it ended. A crash that cuts off many is one candidate a minute. */
export const unfinishedCalls: InlineRule = (sighting, settings) =>
  merged(
    eventsOf(sighting, 'dev.postern.call.completed.v1')
      .filter(({ data }) => data.outcome === 'unknown_after_crash')
      .filter((event) => isOwnEvent(event, settings))
      .map((event) => {
        const { resource } = event.data;
        const told = ofEvent(event, {
          rule: 'D23',
          entity: { type: 'resource', id: resource },
          subjectId: undefined,
          resource,
          severity: 'critical',
          confidence: 'high',
          observed: 1,
          explanation: 'Calls were begun and never ended: what came of them is not known.',
          responses: [{ action: 'page', target: `resource:${resource}`, seconds: undefined }],
        });
        return { ...told, startAt: minuteOf(told.endAt) };
      }),
  );

/** Longer than any key of ours: whoever writes events chooses theirs, and no round of rules may fail by its length. */
const SHARD_CHARACTERS_MAX = 512;

/** D23, by what did not come: numbers among the events of one key that no event has. */
export const ofGap = (gap: SeenGap): Candidate => {
  const { deployment, environment, partitionKey } = gap;
  const shard = `${deployment}/${environment}/${partitionKey}`.slice(0, SHARD_CHARACTERS_MAX);
  return {
    rule: 'D23',
    entity: { type: 'shard', id: shard },
    subjectId: undefined,
    resource: undefined,
    startAt: gap.at,
    endAt: gap.at,
    severity: 'critical',
    confidence: 'high',
    observed: gap.missing,
    threshold: 1,
    evidence: [gap.eventId],
    explanation: `${gap.missing} events in front of one of ${shard} have not come.`,
    responses: [{ action: 'page', target: `shard:${shard}`, seconds: undefined }],
  };
};
