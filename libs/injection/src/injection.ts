/** How the secret is put on a call; `username`, `password`, `value` name fields of the secret. */
export type Injection =
  | { readonly kind: 'basic'; readonly username: string; readonly password: string }
  | { readonly kind: 'bearer'; readonly value: string }
  /** `template` holds `{field}` for each field of the secret that it takes. */
  | { readonly kind: 'header'; readonly name: string; readonly template: string }
  | { readonly kind: 'query'; readonly name: string; readonly value: string };
