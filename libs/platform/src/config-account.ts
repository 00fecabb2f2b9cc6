export interface SecretRefEntry {
  readonly mount: string;
  readonly path: string;
}

/** A secret of Postern's own, with the fields `username` and `password`. */
export interface AccountEntry {
  readonly ref: SecretRefEntry;
}
