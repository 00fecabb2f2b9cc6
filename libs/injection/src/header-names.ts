import { isNamed } from './header-values.js';

/**
 * Header names as gateways behind us may read them: CGI and its heirs take `_` for `-`, so `X_Api_Key` would arrive as
 * `X-Api-Key` beside the one that we put on.
 */
export const foldedName = (name: string): string =>
  name.includes('_') ? name.toLowerCase().replaceAll('_', '-') : name.toLowerCase();

/** RFC 9110 section 7.6.1, and what is written anew for each connection. */
const HOP_BY_HOP = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];

/** The names that Connection lists, folded. */
export function namedByConnection(rawHeaders: readonly string[]): ReadonlySet<string> {
  let names: Set<string> | undefined;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    if (!isNamed(rawHeaders[index], 'connection')) continue;
    const value = rawHeaders[index + 1] ?? '';
    if (value === 'keep-alive') continue; // The usual one, and hop-by-hop anyway.
    names ??= new Set();
    for (const name of value.split(',')) names.add(foldedName(name.trim()));
  }
  return names ?? NONE;
}

const NONE: ReadonlySet<string> = new Set();

/** What a caller could use to say that it is somebody else, or asks for something else than was judged. */
const REFUSED_FROM_CALLERS = [
  'authorization',
  'dpop',
  'expect',
  'host',
  'http2-settings',
  // Method overrides.
  'x-http-method',
  'x-http-method-override',
  'x-method-override',
  // Target overrides.
  'x-envoy-original-path',
  'x-original-path',
  'x-original-uri',
  'x-original-url',
  'x-original-host',
  'x-original-method',
  'x-rewrite-url',
  'x-host',
  // Forwarded identity.
  'cf-connecting-ip',
  'client-cert',
  'client-cert-chain',
  'client-ip',
  'fastly-client-ip',
  'forwarded',
  'remote-user',
  'ssl-client-cert',
  'ssl-client-s-dn',
  'ssl-client-verify',
  'true-client-ip',
  'x-authenticated-user',
  'x-client-cert',
  'x-client-ip',
  'x-cluster-client-ip',
  'x-originating-ip',
  'x-real-ip',
  'x-remote-addr',
  'x-remote-ip',
  'x-remote-user',
  'x-webauth-user',
];
const REFUSED_PREFIXES =
  /^(?:x-forwarded-|x-auth-request-|x-ssl-client-|x-goog-authenticated-user-|x-ms-client-principal|x-amzn-oidc-|postern-)/;

const refusedFromCallers: ReadonlySet<string> = new Set([...HOP_BY_HOP, ...REFUSED_FROM_CALLERS]);

/** Whether a header of the caller (by its folded name) never goes to a destination. */
export const isRefusedFromCallers = (folded: string): boolean =>
  refusedFromCallers.has(folded) || REFUSED_PREFIXES.test(folded);

/**
 * Of a response: what holds for the connection, what speaks for the origin that the caller sees (it is ours, not the
 * destination's), and what would pass for our own.
 */
const refusedFromDestinations: ReadonlySet<string> = new Set([
  ...HOP_BY_HOP,
  'alt-svc',
  // Between us and the destination (RFC 9110 section 11.6.3): with it a caller could try passwords on its own machine.
  'authentication-info',
  'clear-site-data',
  'strict-transport-security',
]);

export const isRefusedFromDestinations = (folded: string): boolean =>
  refusedFromDestinations.has(folded) || folded.startsWith('postern-');

/** Names that a registration may not inject into. */
export const isReservedForFraming = (folded: string): boolean =>
  HOP_BY_HOP.includes(folded) ||
  folded.startsWith('postern-') ||
  ['accept-encoding', 'content-length', 'expect', 'host'].includes(folded);
