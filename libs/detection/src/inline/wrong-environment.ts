import { type RecordedEvent } from '#events';
import { type Candidate, type PlannedResponse } from '../candidate.js';
import { type DetectionSettings } from '../rule-settings.js';
import { eventsOf } from '../sighting.js';
import { isHighest } from './environments.js';
import { type InlineRule, isOfHex, isOwnEvent, merged, ofEvent } from './inline-rule.js';

type Denied = RecordedEvent<'dev.postern.call.denied.v1'>;

/**
 * D03. A handle of another environment was presented. The deployment that denied it tells so, and that of the
 * environment whose handle it is revokes it, by what it is known by there: its digest.
 */
export const wrongEnvironment: InlineRule = (sighting, settings) =>
  merged(
    eventsOf(sighting, 'dev.postern.call.denied.v1').flatMap((event) => found(event, settings)),
  );

function found(event: Denied, settings: DetectionSettings): readonly Candidate[] {
  const { reason, checksum_ok: isWellMade, env_handle: from, env_listener: to } = event.data;
  if (reason !== 'env_mismatch' || !isWellMade || from === undefined || from === to) return [];
  const isDenier = isOwnEvent(event, settings);
  if (!isDenier && from !== settings.environment) return [];
  const handle = handleOf(event);
  if (handle === undefined) return [];
  const severity = [from, to].some((one) => isHighest(one, settings)) ? 'critical' : 'high';
  return [
    ofEvent(event, {
      rule: 'D03',
      entity: { type: 'handle', id: handle.entity },
      subjectId: undefined,
      resource: undefined,
      severity,
      confidence: 'high',
      observed: event.data.count ?? 1,
      explanation: `A handle of ${from} was presented in ${to}, and denied.`,
      responses: responses(handle, { isDenier, isKnown: event.data.handle_id !== undefined }),
    }),
  ];
}

interface NamedHandle {
  readonly entity: string;
  readonly target: string;
}

function handleOf({ data }: Denied): NamedHandle | undefined {
  const { handle_id: id, handle_fp: fingerprint } = data;
  if (id !== undefined) return { entity: id, target: `handle:${id}` };
  if (!isOfHex(fingerprint)) return undefined;
  return { entity: `fp:${fingerprint}`, target: `handle_fp:${fingerprint}` };
}

/** Whoever denied it can do nothing about it, unless it found the handle in its own store. */
const responses = (
  { target }: NamedHandle,
  { isDenier, isKnown }: { readonly isDenier: boolean; readonly isKnown: boolean },
): readonly PlannedResponse[] =>
  isDenier && !isKnown ? [] : [{ action: 'revoke_handle', target, seconds: undefined }];
