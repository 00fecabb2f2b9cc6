import { randomInt } from 'node:crypto';
import { BASE62_ALPHABET, type Digest, randomId } from '#kernel';
import { digestOfPresented, mintHandle } from './handle-format.js';

export const canaryKinds = ['handle', 'credential'] as const;
/** `handle`: has the form of a handle of this environment; `credential`: that of a password of a legacy system. */
export type CanaryKind = (typeof canaryKinds)[number];

/** Most that are live at once: each process on the way of calls holds their digests. */
export const CANARIES_LIVE_MAX = 1000;
/** Characters base62: 142 random bits. */
const CREDENTIAL_CHARACTERS = 24;

/** What is worth nothing and was planted to be found. Its plaintext is not part of it, and cannot be had back. */
export interface Canary {
  /** Random public id, `can_...`. */
  readonly id: string;
  readonly digest: Digest;
  readonly kind: CanaryKind;
  /** Where it was planted. */
  readonly note: string;
  /** `subject_id` of the operator. */
  readonly createdBy: string;
  readonly createdAt: Date;
  /** Undefined: it is live. */
  readonly endedAt: Date | undefined;
}

/** A canary as it is planted: the only place where its plaintext exists. */
export interface MintedCanary {
  readonly id: string;
  readonly digest: Digest;
  readonly plaintext: string;
}

/** A canary handle is minted as handles are: nobody can tell it from one, but by presenting it. */
export function mintCanary(kind: CanaryKind, environment: string): MintedCanary {
  const plaintext = kind === 'handle' ? mintHandle(environment).plaintext : password();
  return { id: randomId('can'), digest: digestOfPresented(plaintext), plaintext };
}

const password = (): string =>
  Array.from({ length: CREDENTIAL_CHARACTERS }, () =>
    BASE62_ALPHABET.charAt(randomInt(BASE62_ALPHABET.length)),
  ).join('');
