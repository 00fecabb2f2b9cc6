import {
  type IntrospectionRegistration,
  type IssuerRegistration,
  type IssuerTerms,
  type KeyLocation,
  type TokenUse,
} from './issuer-registration.js';
import { IssuerRegistryInvalid } from './issuer-registry-invalid.js';
import { SIGNATURE_ALGORITHMS, SVID_ALGORITHMS } from './signature-algorithms.js';
import { isTrustDomain, SPIFFE_SCHEME } from './spiffe-id.js';
import { type ClaimValue } from './workload-identity.js';

/** An issuer as configured: plain data, durations in seconds. */
interface DeclaredTerms extends Omit<IssuerTerms, 'requiredClaims'> {
  readonly requiredClaims: Readonly<Record<string, ClaimValue>>;
}

/** An issuer that signs, as configured. */
export type IssuerDeclaration = DeclaredTerms &
  Pick<IssuerRegistration, 'kind' | 'keys' | 'algorithms' | 'types' | 'allowPrivateKeyEndpoint'>;

/** An issuer of opaque tokens, as configured. */
export type IntrospectionDeclaration = DeclaredTerms &
  Pick<
    IntrospectionRegistration,
    'kind' | 'endpoint' | 'clientSecret' | 'audienceRequired' | 'allowPrivateEndpoint'
  >;

const CLOCK_SKEW_SECONDS_MAX = 60;
const REFRESH_SECONDS_MIN = 10;
const REFRESH_SECONDS_MAX = 3600;

/** Kinds of JWT with rules of their own (RFC 8725bis section 3.12): none of them is ever a subject token. */
const FOREIGN_TYPES: ReadonlySet<string> = new Set([
  'dpop+jwt',
  'secevent+jwt',
  'logout+jwt',
  'wit+jwt',
  'wpt+jwt',
  'kb+jwt',
  'token-introspection+jwt',
  'oauth-authz-req+jwt',
  'entity-statement+jwt',
]);

/** @throws IssuerRegistryInvalid naming the issuer and what is wrong with it. */
export function compileIssuer(declared: IssuerDeclaration): IssuerRegistration {
  const refuse = refusalOf(declared);
  const requiredClaims = checkTerms(declared, refuse);
  const isSpiffe = declared.kind === 'spiffe';
  checkAlgorithms(declared.algorithms, isSpiffe ? SVID_ALGORITHMS : SIGNATURE_ALGORITHMS, refuse);
  const types = declared.types.map((type) => type.toLowerCase().replace(/^application\//, ''));
  checkTypes(types, refuse);
  if (isSpiffe) checkTrustDomain({ ...declared, types }, refuse);
  else if (/^spiffe:/i.test(declared.issuer))
    refuse('a SPIFFE ID is not the issuer of OIDC tokens');
  checkRefresh(declared.keys, refuse);
  return Object.freeze({ ...declared, types, requiredClaims });
}

/** @throws IssuerRegistryInvalid naming the issuer and what is wrong with it. */
export function compileIntrospection(
  declared: IntrospectionDeclaration,
): IntrospectionRegistration {
  const requiredClaims = checkTerms(declared, refusalOf(declared));
  return Object.freeze({ ...declared, requiredClaims });
}

const refusalOf =
  ({ id }: DeclaredTerms) =>
  (problem: string): never => {
    throw new IssuerRegistryInvalid(id, problem);
  };

function checkTerms(declared: DeclaredTerms, refuse: Refuse): IssuerTerms['requiredClaims'] {
  if (declared.issuer === '') refuse('its issuer is empty; write the "iss" of its tokens');
  checkLimits(declared, refuse);
  const requiredClaims = new Map(Object.entries(declared.requiredClaims));
  for (const [name, expected] of requiredClaims) {
    if (Array.isArray(expected) && expected.length === 0) {
      refuse(`its required claim ${name} lists no value, so no token could satisfy it`);
    }
  }
  return requiredClaims;
}

type Refuse = (problem: string) => never;

/** One bundle, one trust domain: SPIFFE bundles are never found by what a token says, and never put together. */
function checkTrustDomain({ issuer, keys, types }: IssuerDeclaration, refuse: Refuse): void {
  if (!issuer.startsWith(SPIFFE_SCHEME) || !isTrustDomain(issuer.slice(SPIFFE_SCHEME.length))) {
    refuse('its issuer is not spiffe:// and the name of a trust domain');
  }
  if (keys.kind === 'discovery') refuse('a trust domain has no discovery; give its bundle');
  if (keys.kind === 'uri' && !isHttps(keys.uri)) {
    refuse('its bundle endpoint is not an https URL without user name and password');
  }
  if (types.some((type) => type !== 'jwt' && type !== 'jose')) {
    refuse('the types of JWT-SVIDs are JWT and JOSE, and no others');
  }
}

/** SPIFFE Federation section 5.2.1. */
function isHttps(address: string): boolean {
  if (!URL.canParse(address)) return false;
  const { protocol, username, password } = new URL(address);
  return protocol === 'https:' && username === '' && password === '';
}

function checkRefresh(keys: KeyLocation, refuse: Refuse): void {
  if (keys.kind === 'file' || keys.refreshSeconds === undefined) return;
  if (keys.refreshSeconds >= REFRESH_SECONDS_MIN && keys.refreshSeconds <= REFRESH_SECONDS_MAX) {
    return;
  }
  refuse(`its keys are refreshed after ${REFRESH_SECONDS_MIN} to ${REFRESH_SECONDS_MAX} seconds`);
}

function checkAlgorithms(
  algorithms: readonly string[],
  permitted: ReadonlySet<string>,
  refuse: Refuse,
): void {
  if (algorithms.length === 0) refuse('it lists no algorithm, so no token could be verified');
  for (const algorithm of algorithms) {
    if (permitted.has(algorithm)) continue;
    const known = [...permitted].join(', ');
    // A shared secret (HS256) would let everybody who can verify a token make one.
    refuse(`the algorithm ${algorithm} cannot be accepted; choose among ${known}`);
  }
}

function checkTypes(types: readonly string[], refuse: Refuse): void {
  if (types.length === 0) refuse('it lists no "typ", so no token could be accepted');
  const foreign = types.find((type) => FOREIGN_TYPES.has(type));
  if (foreign !== undefined) refuse(`a ${foreign} is not a subject token; take it out of types`);
}

function checkLimits(declared: DeclaredTerms, refuse: Refuse): void {
  const { clockSkewSeconds: skew, maxAgeSeconds, maxLifetimeSeconds } = declared;
  if (!(skew >= 0 && skew <= CLOCK_SKEW_SECONDS_MAX)) {
    refuse(`its clock skew must lie between 0 and ${CLOCK_SKEW_SECONDS_MAX} seconds`);
  }
  if (!isPositive(maxLifetimeSeconds)) refuse('its longest token lifetime must be above 0 seconds');
  if (!isPositive(maxAgeSeconds)) refuse('its greatest token age must be above 0 seconds');
  if (Number.isNaN(declared.reviewBy.getTime())) refuse('its review date is not a date');
  checkTokenUse(declared.tokenUse, refuse);
}

function checkTokenUse(tokenUse: TokenUse, refuse: Refuse): void {
  if (tokenUse.kind !== 'bounded') return;
  if (Number.isSafeInteger(tokenUse.uses) && tokenUse.uses > 0) return;
  refuse('the number of uses of a token must be a whole number of at least 1');
}

const isPositive = (seconds: number): boolean => seconds > 0 && Number.isFinite(seconds);
