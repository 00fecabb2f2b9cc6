import { type SeenClient } from './evidence-log.js';

/** `same`: zone and agent are. `other`: neither is. `partly`: one of both. `unknown`: one of the two was never seen. */
export type ClientLikeness = 'same' | 'partly' | 'other' | 'unknown';

/**
 * How alike the callers are. An address that moves within its zone, and an agent with a new version, stay the same; only
 * where both differ it is another client, so that neither an update nor a move raises an alarm by itself.
 */
export function likeness(one: SeenClient | undefined, other: SeenClient): ClientLikeness {
  if (one === undefined) return 'unknown';
  const [sameZone, sameAgent] = [one.zone === other.zone, one.agent === other.agent];
  if (sameZone && sameAgent) return 'same';
  return sameZone || sameAgent ? 'partly' : 'other';
}

/** For the analyst; never the user agent itself. */
export const clientText = ({ zone, agent }: SeenClient): string =>
  `${agent ?? 'an unnamed agent'} in zone ${zone ?? 'unknown'}`;
