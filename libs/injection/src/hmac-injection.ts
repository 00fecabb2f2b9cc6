/** A header whose value is a template. */
export interface TemplateHeader {
  readonly name: string;
  readonly template: string;
}

/** A signature over a string that the registration declares; placeholders: see hmac-template.ts. */
export interface HmacInjection {
  readonly kind: 'hmac';
  readonly algorithm: 'sha1' | 'sha256' | 'sha512';
  /** The field of the secret that holds the key, and how it is written there. */
  readonly key: string;
  readonly keyEncoding: 'utf8' | 'base64' | 'hex';
  readonly stringToSign: string;
  readonly signatureEncoding: 'hex' | 'base64' | 'base64url';
  /** Takes `{signature}`. */
  readonly header: TemplateHeader;
  /** Sends `{date}`, and says in which format it is; without it, `{date}` is as in RFC 9110. */
  readonly dateHeader?: { readonly name: string; readonly format: 'rfc1123' | 'iso' | 'epoch' };
  /** Name of the header that sends `{nonce}`. */
  readonly nonceHeader?: string;
  /** Further headers, such as for the id of the key. They are put on before signing unless they take `{signature}`. */
  readonly headers?: readonly TemplateHeader[];
}
