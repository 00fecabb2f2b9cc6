import { type Secret } from '#kernel';

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
