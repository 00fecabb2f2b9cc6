import { type Operation } from './operation.js';
import { type PathExceptions } from './path-exception.js';

export type Presentation = 'bearer' | 'dpop' | 'basic';
export type BindingRequirement = 'none' | 'dpop' | 'mtls' | 'any';

/** One legacy system in one environment, as far as "may it?" is concerned. */
export interface Resource {
  /** The `audience` value and the path segment: `[a-z0-9-]`, at most 63 characters. */
  readonly id: string;
  /** The `resource` value (RFC 8707): `<publicOrigin>/proxy/<id>`. */
  readonly uri: string;
  readonly environment: string;
  readonly owner: string;
  readonly presentations: readonly Presentation[];
  /** Scope name to the operations it covers. */
  readonly scopes: ReadonlyMap<string, readonly Operation[]>;
  /** Operations that no scope may contain. */
  readonly forbid: readonly Operation[];
  /** What its paths may hold although readers differ on it. */
  readonly pathExceptions: PathExceptions;
  readonly handle: {
    readonly ttlSeconds: number;
    readonly maxTtlSeconds: number;
    readonly maxCalls: number;
    /** Calls of one handle that may be in flight at once in one process; more are answered 503 with Retry-After. */
    readonly concurrencyMax: number;
    readonly binding: BindingRequirement;
  };
}

/** The reserved resource: Postern's own operations (introspect, revoke, list). It is never proxied. */
export const POSTERN_RESOURCE_ID = 'postern';
export const POSTERN_SCOPES = [
  'introspect',
  'admin.read',
  'admin.revoke',
  'admin.rotate',
  'admin.approve',
  'events.command',
] as const;
export type PosternScope = (typeof POSTERN_SCOPES)[number];

/** The `resource` value (RFC 8707) of a resource id; `publicOrigin` comes without a trailing slash. */
export const resourceUriOf = (publicOrigin: string, id: string): string =>
  `${publicOrigin}/proxy/${id}`;
