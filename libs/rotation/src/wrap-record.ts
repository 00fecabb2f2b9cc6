import { type EventFactory, type PosternEvent } from '#events';
import { epochSeconds } from '#kernel';
import { itemOf } from './requested-events.js';
import { type Rotation } from './rotation.js';
import { type WrapVerdict } from './wrap-verdict.js';
import { type WrapLookup, wrapPlace } from './wrapping-tokens.js';

export type WrapFinding =
  WrapVerdict | { readonly event: 'unwrapped'; readonly verdict: 'genuine' };

export interface WrapTold {
  readonly fingerprint: string;
  readonly expectedPath: string;
  /** Undefined: the store told nothing of it. */
  readonly lookup: WrapLookup | undefined;
}

/** The event that tells what was found out of a wrapping token. */
export function wrapEvent(
  events: EventFactory,
  rotation: Rotation,
  finding: WrapFinding,
  { fingerprint, expectedPath, lookup }: WrapTold,
): PosternEvent {
  const draft = itemOf(rotation);
  const data = {
    rotation_id: rotation.id,
    resource: rotation.resource,
    wrap_accessor_fp: fingerprint,
    expected_path: expectedPath,
    ...(lookup === undefined ? {} : lookedUp(lookup)),
  };
  switch (finding.event) {
    case 'verified':
      return events.create('dev.postern.wrap.verified.v1', {
        ...draft,
        data: { ...data, verdict: finding.verdict },
      });
    case 'unwrapped':
      return events.create('dev.postern.wrap.unwrapped.v1', {
        ...draft,
        data: { ...data, verdict: finding.verdict },
      });
    case 'suspect':
      return events.create('dev.postern.wrap.suspect.v1', {
        ...draft,
        severity: 'ERROR',
        data: { ...data, verdict: finding.verdict },
      });
    case 'lost':
      return events.create('dev.postern.wrap.lost.v1', {
        ...draft,
        severity: 'ERROR',
        data: { ...data, verdict: finding.verdict },
      });
  }
}

const lookedUp = (
  lookup: WrapLookup,
): { creation_path: string; creation_at: number; ttl_seconds: number } => ({
  creation_path: wrapPlace(lookup),
  creation_at: epochSeconds(lookup.createdAt),
  ttl_seconds: lookup.ttlSeconds,
});
