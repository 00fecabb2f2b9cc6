import { type SecretRef } from '#credentials';
import { type Resource } from '#policy';
import { type Injection } from './injection.js';

/** Where a resource's calls go. Never built from what a caller sent. */
export interface Destination {
  readonly scheme: 'http' | 'https';
  readonly hostname: string;
  readonly port: number;
  /** `scheme://host[:port]`, as `new URL(...).origin` gives it. */
  readonly origin: string;
  /** Starts with `/`, does not end with one; empty for the root. */
  readonly basePath: string;
}

export interface CallLimits {
  readonly totalTimeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly headersTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly requestBytesMax: number;
  /** Infinity when the registration says `unlimited`. */
  readonly responseBytesMax: number;
  /** Calls in flight at once; more are answered 503 with Retry-After. */
  readonly concurrencyMax: number;
}

/** A resource as the proxy knows it: what may be asked, where it goes, what is put on. */
export interface ProxiedResource extends Resource {
  readonly destination: Destination;
  readonly network: { readonly allowPrivate: boolean };
  readonly tls:
    { readonly caPem?: string; readonly serverName?: string; readonly http2?: boolean } | undefined;
  readonly secretRef: SecretRef;
  /** How its credential is rotated, as far as calls are concerned; absent: Postern does not rotate it. */
  readonly rotation?: {
    /** Statuses by which the legacy system refuses the credential. */
    readonly refusals: readonly number[];
  };
  readonly injection: Injection;
  readonly limits: CallLimits;
  readonly audit: 'strict' | 'buffered';
  readonly scrub: 'stream' | 'buffer' | 'off';
}
