import { PosternError, type Secret } from '#kernel';

/** Where a secret lies: a KV version 2 mount and a path below it. */
export interface SecretRef {
  readonly mount: string;
  readonly path: string;
}

/** One version of a secret: its fields by name. */
export interface SecretVersion {
  readonly ref: SecretRef;
  /** From 1, as Vault's KV version 2 counts. */
  readonly version: number;
  readonly fields: ReadonlyMap<string, Secret>;
}

/** For messages: `mount/path`. A ref is no secret. */
export const refText = (ref: SecretRef): string => `${ref.mount}/${ref.path}`;

export const sameRef = (one: SecretRef, other: SecretRef): boolean =>
  one.mount === other.mount && one.path === other.path;

/** The ref cannot be an address in a secret store. */
export class SecretRefInvalid extends PosternError {
  override readonly code = 'credential-ref-invalid';
}

/** Of mount and path each. */
export const REF_PART_CHARACTERS_MAX = 512;
/** Control characters, and surrogates without their other half. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}]/u;

/**
 * The segments of mount and path. A dot segment would be resolved on the way and name another secret than the one that
 * was judged, so it is refused, and so is what no store can keep apart: empty segments and control characters.
 * @throws SecretRefInvalid
 */
export function refSegments(ref: SecretRef): { mount: string[]; path: string[] } {
  return { mount: segmentsOf(ref.mount, 'mount', ref), path: segmentsOf(ref.path, 'path', ref) };
}

function segmentsOf(text: string, part: 'mount' | 'path', ref: SecretRef): string[] {
  const segments = text.split('/');
  const refuse = (what: string): never => {
    throw new SecretRefInvalid(
      `the ${part} of secret ref ${JSON.stringify(refText(ref))} ${what}: correct credential.ref in postern.yaml`,
    );
  };
  if (text.length > REF_PART_CHARACTERS_MAX) {
    refuse(`is longer than ${REF_PART_CHARACTERS_MAX} characters`);
  }
  if (UNPRINTABLE.test(text)) refuse('holds a control character or half of a surrogate pair');
  if (segments.includes('')) refuse('is empty, or starts, ends or continues with an empty segment');
  if (segments.includes('.') || segments.includes('..')) refuse('holds a dot segment');
  return segments;
}
