import { type FormLogin } from './form-login.js';

/**
 * A token of RFC 6749 section 4.4, put on calls as a bearer token. `clientId` and `clientSecret` name fields of the
 * secret.
 */
export interface Oauth2ClientCredentials {
  readonly kind: 'oauth2-client-credentials';
  /** An absolute https URL, or an http one on loopback. */
  readonly tokenEndpoint: string;
  /** Whether the endpoint may be on a private or loopback address. */
  readonly allowPrivate: boolean;
  readonly authentication: 'client_secret_basic' | 'client_secret_post';
  readonly clientId: string;
  readonly clientSecret: string;
  readonly scope: string | undefined;
  readonly audience: string | undefined;
  /** RFC 8707. */
  readonly resource: string | undefined;
}

import { type HmacInjection } from './hmac-injection.js';
import { type AcceptedDigests } from './injectors/digest-challenge.js';

/** AWS Signature Version 4. `accessKeyId`, `secretAccessKey` and `sessionToken` name fields of the secret. */
export interface AwsSigV4 {
  readonly kind: 'aws-sigv4';
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
  readonly region: string;
  /** The signing name, such as `s3` or `execute-api`. */
  readonly service: string;
  /** The body is streamed, and not signed. */
  readonly unsignedPayload: boolean;
}

/** WS-Security UsernameToken Profile 1.1. `username` and `password` name fields of the secret. */
export interface SoapUsernameToken {
  readonly kind: 'soap-username-token';
  readonly username: string;
  readonly password: string;
  readonly type: 'text' | 'digest';
  readonly mustUnderstand: boolean;
  /** Which envelope is taken; `auto`: both. */
  readonly soap: '1.1' | '1.2' | 'auto';
}

/** How the secret is put on a call; `username`, `password`, `value` name fields of the secret. */
export type Injection =
  | { readonly kind: 'basic'; readonly username: string; readonly password: string }
  | { readonly kind: 'bearer'; readonly value: string }
  /** `template` holds `{field}` for each field of the secret that it takes. */
  | { readonly kind: 'header'; readonly name: string; readonly template: string }
  | { readonly kind: 'query'; readonly name: string; readonly value: string }
  /** RFC 6265. */
  | { readonly kind: 'cookie'; readonly name: string; readonly value: string }
  /** `name` is that of a parameter, or of JSON that of an outermost member or a JSON pointer (RFC 6901). */
  | {
      readonly kind: 'body-field';
      readonly format: 'form' | 'json';
      readonly name: string;
      readonly value: string;
    }
  | HmacInjection
  /** RFC 7616. */
  | ({
      readonly kind: 'digest';
      readonly username: string;
      readonly password: string;
    } & AcceptedDigests)
  /** Fields in PEM form: the chain with the leaf first, and its key; `passphrase` opens an encrypted key. */
  | {
      readonly kind: 'client-certificate';
      readonly certificate: string;
      readonly key: string;
      readonly passphrase?: string;
    }
  | FormLogin
  | Oauth2ClientCredentials
  | AwsSigV4
  | SoapUsernameToken;
