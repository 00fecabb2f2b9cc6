/** A command to rotate the credential of a resource, as its transmitter signed it. */
export interface RotateCommand {
  readonly action: 'rotate';
  readonly selector: { readonly scope: 'resource'; readonly id: string };
  /** 1 to 256 printable characters. */
  readonly reason: string;
  readonly origin: 'generated' | 'wrapped';
  readonly trigger: 'admin' | 'compromise' | 'detection';
  /** With the origin `wrapped`: a wrapping token, encrypted to the intake key of the rotators as compact JWE. */
  readonly sealedToken: string | undefined;
}

export const ROTATE_MEMBERS = ['scope', 'id', 'reason', 'origin', 'trigger', 'wrapped_token'];

export const SEALED_TOKEN_CHARACTERS_MAX = 4096;
/** RFC 7516 section 7.1. Records lie on the topic for days: what is not encrypted does not get through. */
const COMPACT_JWE = /^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*){3}\.[A-Za-z0-9_-]+$/;
const ORIGINS = ['generated', 'wrapped'] as const;
const TRIGGERS = ['admin', 'compromise', 'detection'] as const;

/** What such a command says of the rotation, or which rule it breaks. */
export function readRotationTerms(
  members: ReadonlyMap<string, unknown>,
): Pick<RotateCommand, 'origin' | 'trigger' | 'sealedToken'> | string {
  const origin = named(ORIGINS, members.get('origin') ?? 'generated');
  if (origin === undefined) return `its origin is none of ${ORIGINS.join(', ')}`;
  const trigger = named(TRIGGERS, members.get('trigger') ?? 'admin');
  if (trigger === undefined) return `its trigger is none of ${TRIGGERS.join(', ')}`;
  const sealedToken = members.get('wrapped_token');
  if ((origin === 'wrapped') !== (sealedToken !== undefined)) {
    return 'a wrapped_token goes with the origin wrapped, and only';
  }
  if (sealedToken === undefined) return { origin, trigger, sealedToken };
  if (isSealed(sealedToken)) return { origin, trigger, sealedToken };
  return 'its wrapped_token is no compact JWE: encrypt it to the intake key';
}

/** Whether it looks like a wrapping token that was encrypted; only a rotator can tell that it is one. */
export const isSealed = (text: unknown): text is string =>
  typeof text === 'string' && text.length <= SEALED_TOKEN_CHARACTERS_MAX && COMPACT_JWE.test(text);

const named = <Name extends string>(names: readonly Name[], value: unknown): Name | undefined =>
  names.find((name) => name === value);
