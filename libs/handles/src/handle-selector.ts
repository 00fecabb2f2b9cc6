import { subjectIdOf } from '#identity';
import { sha256 } from '#kernel';
import { type Handle } from './handle.js';

/** Which handles a revocation, a suspension or the end of one is for. */
export type HandleSelector =
  | { readonly scope: 'handle'; readonly id: string }
  | { readonly scope: 'family'; readonly id: string }
  | { readonly scope: 'subject'; readonly id: string }
  | { readonly scope: 'issuer'; readonly id: string }
  /** `exceptDigest`: handles of the grant as it is now are spared. */
  | { readonly scope: 'grant'; readonly id: string; readonly exceptDigest?: string }
  /** Of tokens signed by one key of one issuer. */
  | { readonly scope: 'key'; readonly id: string; readonly issuer: string }
  /** A task of one workload, by its `subject_id`. */
  | { readonly scope: 'task'; readonly id: string; readonly subjectId: string }
  | { readonly scope: 'resource'; readonly id: string };

/** A longer target is told by its digest: it is a key of Kafka and of indexes. */
const TARGET_BYTES_MAX = 512;

/**
 * What a selector names, as one text: `<scope>:<id>`, of a key `key:<issuer>:<id>` and of a task
 * `task:<subject id>:<id>`, with the part in the middle percent-encoded, so that it holds no colon. Above 512 bytes it is
 * `<scope>:#<SHA-256 of that>`.
 */
export function targetOf(selector: HandleSelector): string {
  const target = [selector.scope, ...ownerOf(selector), selector.id].join(':');
  if (Buffer.byteLength(target) <= TARGET_BYTES_MAX) return target;
  return `${selector.scope}:#${sha256(target)}`;
}

function ownerOf(selector: HandleSelector): readonly string[] {
  if (selector.scope === 'key') return [encodeURIComponent(selector.issuer)];
  if (selector.scope === 'task') return [encodeURIComponent(selector.subjectId)];
  return [];
}

/** A target that names a handle, and the `iss` of whom it names there: of the subject, or of one who acts. */
export interface HandleTarget {
  readonly target: string;
  readonly issuer: string;
}

/** The targets of all selectors that name the handle, itself or by one who acts in it. */
export function targetsOf(handle: Handle): readonly HandleTarget[] {
  const { issuer } = handle.subject;
  return [
    ...ownSelectors(handle).map((selector) => ({ target: targetOf(selector), issuer })),
    ...handle.actors.map((actor) => ({
      target: targetOf({ scope: 'subject', id: subjectIdOf(actor) }),
      issuer: actor.issuer,
    })),
  ];
}

/** Whether what a target names, of the subjects of these issuers (none: of all), is the handle or acts in it. */
export const isNamed = (
  handle: Handle,
  { target, issuers }: { readonly target: string; readonly issuers: readonly string[] },
): boolean =>
  targetsOf(handle).some(
    (one) => one.target === target && (issuers.length === 0 || issuers.includes(one.issuer)),
  );

function ownSelectors({
  id,
  familyId,
  subject,
  grant,
  resource,
  subjectTokenKeyId,
  task,
}: Handle): readonly HandleSelector[] {
  return [
    { scope: 'handle', id },
    { scope: 'family', id: familyId },
    { scope: 'subject', id: subject.id },
    { scope: 'issuer', id: subject.issuer },
    { scope: 'grant', id: grant.id },
    { scope: 'resource', id: resource },
    ...(subjectTokenKeyId === undefined
      ? []
      : [{ scope: 'key', id: subjectTokenKeyId, issuer: subject.issuer } as const]),
    ...(task === undefined ? [] : [{ scope: 'task', id: task, subjectId: subject.id } as const]),
  ];
}
