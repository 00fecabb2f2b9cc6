import { type IssuerTerms } from './issuer-registration.js';
import { TokenRejected } from './token-rejected.js';
import { type ClaimValue } from './workload-identity.js';

type ClaimObject = Readonly<Record<string, ClaimValue>>;

/**
 * Every value that a name with slashes may mean: the claim of that very name, and for each slash the member of the
 * object claim before it. `kubernetes.io/namespace` is a claim in old tokens of Kubernetes, in new ones a member.
 */
export function claimsNamed(
  claims: ReadonlyMap<string, ClaimValue>,
  name: string,
): readonly ClaimValue[] {
  const literal = claims.get(name);
  const found = literal === undefined ? [] : [literal];
  for (let slash = name.indexOf('/'); slash !== -1; slash = name.indexOf('/', slash + 1)) {
    const parent = claims.get(name.slice(0, slash));
    if (!isObject(parent)) continue;
    found.push(...claimsNamed(new Map(Object.entries(parent)), name.slice(slash + 1)));
  }
  return found;
}

/** Equal in type and value, for objects whatever the order of members. Nothing is converted. */
export function sameClaim(one: ClaimValue, other: ClaimValue): boolean {
  if (Array.isArray(one) || Array.isArray(other)) return sameList(one, other);
  if (isObject(one) && isObject(other)) return sameObject(one, other);
  return one === other;
}

/** @throws TokenRejected with reason `invalid_claims`, naming the claim and not its value. */
export function checkRequiredClaims(
  claims: ReadonlyMap<string, ClaimValue>,
  required: IssuerTerms['requiredClaims'],
): void {
  for (const [name, expected] of required) {
    const found = claimsNamed(claims, name);
    // All that the name can mean must agree: otherwise a second claim of the name would hide the first.
    if (found.length === 0 || !found.every((value) => satisfies(value, expected))) {
      throw new TokenRejected(
        'invalid_claims',
        `the token's claims are not accepted: ${name} is not what its issuer's registration requires`,
      );
    }
  }
}

function satisfies(value: ClaimValue, expected: ClaimValue | readonly ClaimValue[]): boolean {
  return isList(expected)
    ? expected.some((one) => sameClaim(value, one))
    : sameClaim(value, expected);
}

function sameList(one: ClaimValue, other: ClaimValue): boolean {
  if (!isList(one) || !isList(other) || one.length !== other.length) return false;
  return one.every((item, index) => {
    const counterpart = other[index];
    return counterpart !== undefined && sameClaim(item, counterpart);
  });
}

function sameObject(one: ClaimObject, other: ClaimObject): boolean {
  const names = Object.keys(one);
  if (names.length !== Object.keys(other).length) return false;
  return names.every((name) => {
    const [value, counterpart] = [one[name], Object.hasOwn(other, name) ? other[name] : undefined];
    return value !== undefined && counterpart !== undefined && sameClaim(value, counterpart);
  });
}

const isList = (value: ClaimValue | undefined): value is readonly ClaimValue[] =>
  Array.isArray(value);

const isObject = (value: ClaimValue | undefined): value is ClaimObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
