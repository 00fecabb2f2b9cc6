import { type IssuerRegistration, parseStrictJson } from '#identity';
import { fetchKeyDocument } from './fetch-key-document.js';

const LIMITS = { depthMax: 10, membersMax: 200 };

/**
 * The `jwks_uri` of a registered issuer: OpenID Connect Discovery 1.0 section 4, else RFC 8414 section 3. Only what is
 * registered is asked, never what a token says.
 * @throws an error whose message says what was asked and what went wrong.
 */
export async function discoverKeyAddress(
  registration: IssuerRegistration,
  signal: AbortSignal,
): Promise<string> {
  const { issuer, allowPrivateKeyEndpoint: allowPrivate } = registration;
  for (const address of discoveryAddresses(issuer)) {
    const found = await fetchKeyDocument({ address, allowPrivate, signal });
    if (found.kind === 'found') return readKeyAddress(found.bytes, address, registration);
  }
  throw new Error(`the issuer ${issuer} serves no discovery document`);
}

function discoveryAddresses(issuer: string): readonly string[] {
  if (!URL.canParse(issuer) || /[?#]/.test(issuer)) {
    throw new Error(`the issuer ${issuer} is not a URL without query and fragment to discover at`);
  }
  const url = new URL(issuer);
  const path = url.pathname.replace(/\/$/, '');
  return [
    `${url.origin}${path}/.well-known/openid-configuration`,
    `${url.origin}/.well-known/oauth-authorization-server${path}`,
  ];
}

function readKeyAddress(
  bytes: Uint8Array,
  address: string,
  { issuer, allowPrivateKeyEndpoint }: IssuerRegistration,
): string {
  const document = parseStrictJson(bytes, LIMITS);
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    throw new Error(`${address} is not a JSON object`);
  }
  const { issuer: named, jwks_uri: keyAddress } = document as Readonly<Record<string, unknown>>;
  // RFC 8414 section 3.3: byte for byte. Another issuer's document must not stand in for this one's.
  if (named !== issuer) throw new Error(`${address} is the document of another issuer`);
  if (typeof keyAddress !== 'string') throw new Error(`${address} names no jwks_uri`);
  if (!isSecure(keyAddress, allowPrivateKeyEndpoint)) {
    throw new Error(`${address} names a jwks_uri that is not https`);
  }
  return keyAddress;
}

/** Plain text only on this very machine, and only when the registration permits it. */
function isSecure(address: string, allowPrivate: boolean): boolean {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url?.protocol === 'https:') return true;
  return allowPrivate && url?.protocol === 'http:' && LOOPBACK.test(url.hostname);
}

const LOOPBACK = /^(?:localhost|127\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}|\[::1\])$/;
