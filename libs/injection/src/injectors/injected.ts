/** What is put on a call. Plaintext: never leaves the injectors but on the way to the destination. */
export type Injected =
  | { readonly kind: 'header'; readonly name: string; readonly value: string }
  /** `parameter` is `name=value`, percent-encoded. */
  | { readonly kind: 'query'; readonly name: string; readonly parameter: string };

/** An injector's result: what is put on, and every text that must not come back. */
export interface InjectedSecret {
  readonly injected: Injected;
  readonly confidential: readonly string[];
}
