import { type AuditEntry } from './config-audit.js';
import { type DetectionEntry } from './config-detection.js';
import { type EvidenceEntry } from './config-evidence.js';
import { type HmacInjectEntry } from './config-inject-hmac.js';
import { type SecretRefEntry } from './config-account.js';
import { type ProberEntry } from './config-prober.js';
import { type RotationEntry } from './config-rotation.js';

/**
 * `postern.yaml` after parsing: defaults filled in, durations in seconds or milliseconds, sizes in bytes, paths
 * absolute. Plain data: the shapes agree with those of the domain libs, which compile them.
 */
export interface PosternConfig {
  /** The file that it came from. */
  readonly file: string;
  readonly environment: string;
  /** Without a trailing slash. */
  readonly publicOrigin: string;
  /** Names this installation in the `source` of events. Default `postern`. */
  readonly deployment: string;
  readonly listen: {
    readonly public: ListenAddress;
    readonly admin: ListenAddress;
  };
  readonly trustedProxies: readonly string[];
  readonly clientCertificateHeader: ClientCertificateHeader | undefined;
  readonly dpop: { readonly nonces: 'required' | 'off' };
  readonly prober: ProberEntry;
  readonly evidence: EvidenceEntry;
  readonly detection: DetectionEntry;
  /** Undefined: no checkpoints are made. */
  readonly audit: AuditEntry | undefined;
  readonly rotator: {
    /** Where the rotators keep the private key that wrapping tokens are encrypted to. */
    readonly intakeKey: SecretRefEntry;
  };
  /** Absolute path of the folder of grant files. */
  readonly grantsFolder: string;
  readonly issuers: readonly IssuerEntry[];
  readonly signals: readonly SignalEntry[];
  readonly leakReports: readonly LeakReporterEntry[];
  readonly resources: readonly ResourceEntry[];
}

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
  /** Without it the listener speaks http. */
  readonly tls?: ListenerTls;
}

export interface ListenerTls {
  /** Absolute paths, of PEM files. */
  readonly certificateFile: string;
  readonly keyFile: string;
  /** `request`: callers are asked for a certificate, and served without one. What it is worth is decided later. */
  readonly clientCertificates: 'off' | 'request';
}

/** The header by which a trusted proxy passes on the certificate of its caller. */
export type ClientCertificateHeader =
  'client-cert' | 'x-ssl-client-cert' | 'x-forwarded-client-cert';

/** What every issuer says. */
export interface IssuerTermsEntry {
  readonly id: string;
  /** Of an OIDC issuer its `iss`; of a trust domain `spiffe://<trust domain>`. */
  readonly issuer: string;
  readonly subjects: 'workload' | 'person';
  readonly tokenUse:
    | { readonly kind: 'once' }
    | { readonly kind: 'bounded'; readonly uses: number }
    | { readonly kind: 'reusable' };
  readonly maxLifetimeSeconds: number;
  readonly maxAgeSeconds: number;
  readonly clockSkewSeconds: number;
  readonly requiredClaims: Readonly<Record<string, JsonValue>>;
  readonly owner: string;
  readonly purpose: string;
  /** The first instant at which the issuer is no longer trusted: midnight UTC after the `reviewBy` day. */
  readonly reviewBy: Date;
}

/** An issuer whose tokens are signed: an OIDC issuer by its JWKS, a trust domain by its bundle. */
export interface SigningIssuerEntry extends IssuerTermsEntry {
  readonly kind: 'oidc' | 'spiffe';
  readonly keys:
    | { readonly kind: 'file'; readonly path: string }
    | { readonly kind: 'uri'; readonly uri: string; readonly refreshSeconds?: number }
    | { readonly kind: 'discovery'; readonly refreshSeconds?: number };
  readonly algorithms: readonly string[];
  /** Lower case, without `application/`. */
  readonly types: readonly string[];
  readonly allowPrivateKeyEndpoint: boolean;
}

/** An issuer of opaque tokens. */
export interface IntrospectionIssuerEntry extends IssuerTermsEntry {
  readonly kind: 'introspection';
  readonly endpoint: string;
  /** A secret with the fields `client_id` and `client_secret`. */
  readonly clientSecret: { readonly mount: string; readonly path: string };
  readonly audienceRequired: boolean;
  readonly allowPrivateEndpoint: boolean;
}

export type IssuerEntry = SigningIssuerEntry | IntrospectionIssuerEntry;

/** Who may report that handles lie in public. */
export interface LeakReporterEntry {
  readonly id: string;
  readonly keys:
    | { readonly kind: 'file'; readonly path: string }
    | { readonly kind: 'uri'; readonly uri: string };
  readonly owner: string;
  readonly purpose: string;
  /** The first instant at which it is not believed. */
  readonly reviewBy: Date;
}

/** A transmitter of Security Event Tokens (RFC 8417). */
export interface SignalEntry extends Pick<
  SigningIssuerEntry,
  'keys' | 'algorithms' | 'allowPrivateKeyEndpoint'
> {
  readonly id: string;
  /** The `iss` of its tokens. */
  readonly issuer: string;
  /** Ids of entries of `issuers`: it is believed about their subjects alone. */
  readonly subjects: readonly string[];
  /** What it may command; absent: nothing. */
  readonly commands?: {
    readonly actions: readonly ('revoke' | 'suspend' | 'resume' | 'rotate')[];
    readonly scopes: readonly (
      'handle' | 'family' | 'subject' | 'issuer' | 'grant' | 'key' | 'resource' | 'task'
    )[];
  };
  readonly owner: string;
  readonly purpose: string;
  /** The first instant at which it is no longer believed: midnight UTC after the `reviewBy` day. */
  readonly reviewBy: Date;
}

export type JsonValue =
  string | number | boolean | null | readonly JsonValue[] | { readonly [name: string]: JsonValue };

interface AnswerSignsEntry {
  readonly status: number | undefined;
  readonly location: string | undefined;
  readonly cookie: string | undefined;
}

export interface FormInjectEntry {
  readonly kind: 'form-login';
  readonly username: string;
  readonly password: string;
  readonly login: {
    readonly page: string | undefined;
    readonly submit: string;
    readonly usernameParameter: string;
    readonly passwordParameter: string;
    readonly extra: Readonly<Record<string, string>>;
  };
  readonly success: AnswerSignsEntry;
  readonly expired: AnswerSignsEntry;
  readonly logout: { readonly method: 'GET' | 'POST'; readonly path: string } | undefined;
}

export interface Oauth2InjectEntry {
  readonly kind: 'oauth2-client-credentials';
  readonly tokenEndpoint: string;
  readonly allowPrivate: boolean;
  readonly authentication: 'client_secret_basic' | 'client_secret_post';
  readonly clientId: string;
  readonly clientSecret: string;
  readonly scope: string | undefined;
  readonly audience: string | undefined;
  readonly resource: string | undefined;
}

export type InjectEntry =
  | { readonly kind: 'basic'; readonly username: string; readonly password: string }
  | { readonly kind: 'bearer'; readonly value: string }
  | { readonly kind: 'header'; readonly name: string; readonly template: string }
  | { readonly kind: 'query'; readonly name: string; readonly value: string }
  | { readonly kind: 'cookie'; readonly name: string; readonly value: string }
  | {
      readonly kind: 'body-field';
      readonly format: 'form' | 'json';
      readonly name: string;
      readonly value: string;
    }
  | HmacInjectEntry
  | {
      readonly kind: 'digest';
      readonly username: string;
      readonly password: string;
      readonly algorithms: readonly ('MD5' | 'SHA-256' | 'SHA-512-256')[];
      readonly qop: readonly ('auth' | 'auth-int')[];
    }
  | {
      readonly kind: 'client-certificate';
      readonly certificate: string;
      readonly key: string;
      readonly passphrase?: string;
    }
  | FormInjectEntry
  | Oauth2InjectEntry
  | {
      readonly kind: 'aws-sigv4';
      readonly accessKeyId: string;
      readonly secretAccessKey: string;
      readonly sessionToken?: string | undefined;
      readonly region: string;
      readonly service: string;
      readonly unsignedPayload: boolean;
    }
  | {
      readonly kind: 'soap-username-token';
      readonly username: string;
      readonly password: string;
      readonly type: 'text' | 'digest';
      readonly mustUnderstand: boolean;
      readonly soap: '1.1' | '1.2' | 'auto';
    };

/** A protection that a resource does without, and why: shown when a process starts and by `postern config check`. */
export interface JustifiedSetting {
  /** Its path below the resource, such as `allow.encoded-slash`. */
  readonly setting: string;
  readonly because: string;
}

export interface ResourceEntry {
  readonly id: string;
  readonly environment: string;
  readonly owner: string;
  /** As written; an absolute http or https URL without query, fragment or userinfo. */
  readonly destination: string;
  readonly tls:
    | { readonly caFile?: string; readonly serverName?: string; readonly http2?: boolean }
    | undefined;
  readonly network: { readonly allowPrivate: boolean };
  readonly credential: { readonly ref: { readonly mount: string; readonly path: string } };
  readonly inject: InjectEntry;
  readonly presentations: readonly ('bearer' | 'dpop' | 'basic')[];
  /** Scope name to operations as written, such as `GET /accounts/**`. */
  readonly scopes: Readonly<Record<string, readonly string[]>>;
  readonly forbid: readonly string[];
  /** Exceptions that its paths need, each with the reason. */
  readonly allow: {
    readonly 'encoded-slash'?: string | undefined;
    readonly 'path-parameter'?: string | undefined;
  };
  readonly justified: readonly JustifiedSetting[];
  readonly handle: {
    readonly ttlSeconds: number;
    readonly maxTtlSeconds: number;
    readonly maxCalls: number;
    readonly concurrencyMax: number;
    readonly binding: 'none' | 'dpop' | 'mtls' | 'any';
  };
  readonly call: {
    readonly totalTimeoutMs: number;
    readonly connectTimeoutMs: number;
    readonly headersTimeoutMs: number;
    readonly idleTimeoutMs: number;
    readonly requestBytesMax: number;
    readonly responseBytesMax: number;
    readonly concurrencyMax: number;
    readonly audit: 'strict' | 'buffered';
  };
  readonly response: { readonly scrub: 'stream' | 'buffer' | 'off' };
  /** Undefined: its credential is not rotated by Postern; calls use the newest version in the store. */
  readonly rotation?: RotationEntry;
}
