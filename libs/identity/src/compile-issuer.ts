import { type IssuerRegistration, type KeyLocation, type TokenUse } from './issuer-registration.js';
import { IssuerRegistryInvalid } from './issuer-registry-invalid.js';
import { SIGNATURE_ALGORITHMS } from './signature-algorithms.js';
import { type ClaimValue } from './workload-identity.js';

/** An issuer as configured: plain data, durations in seconds. */
export interface IssuerDeclaration {
  readonly id: string;
  readonly kind: 'oidc';
  readonly issuer: string;
  readonly keys: KeyLocation;
  readonly algorithms: readonly string[];
  readonly types: readonly string[];
  readonly subjects: 'workload' | 'person';
  readonly tokenUse: TokenUse;
  readonly maxLifetimeSeconds: number;
  readonly maxAgeSeconds: number;
  readonly clockSkewSeconds: number;
  readonly requiredClaims: Readonly<Record<string, ClaimValue>>;
  readonly owner: string;
  readonly purpose: string;
  /** The first instant at which the issuer is no longer trusted. */
  readonly reviewBy: Date;
  readonly allowPrivateKeyEndpoint: boolean;
}

const CLOCK_SKEW_SECONDS_MAX = 60;

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
  const refuse = (problem: string): never => {
    throw new IssuerRegistryInvalid(declared.id, problem);
  };
  if (declared.issuer === '') refuse('its issuer is empty; write the "iss" of its tokens');
  checkAlgorithms(declared.algorithms, refuse);
  checkLimits(declared, refuse);
  const requiredClaims = new Map(Object.entries(declared.requiredClaims));
  for (const [name, expected] of requiredClaims) {
    if (Array.isArray(expected) && expected.length === 0) {
      refuse(`its required claim ${name} lists no value, so no token could satisfy it`);
    }
  }
  const types = declared.types.map((type) => type.toLowerCase().replace(/^application\//, ''));
  checkTypes(types, refuse);
  return Object.freeze({ ...declared, types, requiredClaims });
}

type Refuse = (problem: string) => never;

function checkAlgorithms(algorithms: readonly string[], refuse: Refuse): void {
  if (algorithms.length === 0) refuse('it lists no algorithm, so no token could be verified');
  for (const algorithm of algorithms) {
    if (SIGNATURE_ALGORITHMS.has(algorithm)) continue;
    const known = [...SIGNATURE_ALGORITHMS].join(', ');
    // A shared secret (HS256) would let everybody who can verify a token make one.
    refuse(`the algorithm ${algorithm} cannot be accepted; choose among ${known}`);
  }
}

function checkTypes(types: readonly string[], refuse: Refuse): void {
  if (types.length === 0) refuse('it lists no "typ", so no token could be accepted');
  const foreign = types.find((type) => FOREIGN_TYPES.has(type));
  if (foreign !== undefined) refuse(`a ${foreign} is not a subject token; take it out of types`);
}

function checkLimits(declared: IssuerDeclaration, refuse: Refuse): void {
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
