/**
 * That somebody who is not on the list of Postern's own logins and of administrators got a managed secret from Vault, or
 * wrote a version of it. Never a value.
 */
export interface VaultAccess {
  /** Vault's id of the request: the same however often, and by how many audit devices, it is told. */
  readonly requestId: string;
  readonly at: Date;
  readonly operation: 'read' | 'write';
  /** Whose credential it is; a secret that several resources share has an access of each. */
  readonly resource: string;
  /** As Vault has it: `<mount>/data/<path>`. */
  readonly path: string;
  /** Undefined: a token without an entity, such as a root token. */
  readonly entityId: string | undefined;
}

const VARIANTS = ['8', '9', 'a', 'b'] as const;

/**
 * As detections name an access among their evidence, which are UUIDs: Vault's id of the request, which is none, with the
 * two digits that make it one of version 8.
 */
export function accessEventId({ requestId }: Pick<VaultAccess, 'requestId'>): string {
  const variant = VARIANTS[Number.parseInt(requestId.charAt(19), 16) % VARIANTS.length];
  const text = `${requestId.slice(0, 14)}8${requestId.slice(15, 19)}${variant}${requestId.slice(20)}`;
  return text.toLowerCase();
}

/** What is kept of accesses past Postern. */
export abstract class VaultAccessLog {
  /** Keeps each once; of those that are known already nothing changes. @throws DependencyUnavailable */
  abstract keep(accesses: readonly VaultAccess[]): Promise<void>;
}
