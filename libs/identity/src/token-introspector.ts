import { type IntrospectionRegistration } from './issuer-registration.js';
import { JsonRefused, parseStrictJson } from './parse-strict-json.js';
import { TokenRejected } from './token-rejected.js';
import { type ClaimValue } from './workload-identity.js';

const LIMITS = { depthMax: 10, membersMax: 100 };

/** The members of an introspection response (RFC 7662 section 2.2), read and not yet judged. */
export type IntrospectionAnswer = ReadonlyMap<string, ClaimValue>;

/**
 * Asks an issuer what it says of an opaque token of its own, as an introspection client (RFC 7662). Asks the registered
 * endpoint and no other, once a call: nothing is remembered, neither yes nor no, and nothing is tried twice. Many may
 * call at once; an implementation bounds how many it lets wait for one issuer.
 */
export abstract class TokenIntrospector {
  /**
   * What the issuer answers, whatever that says: `active` is for the caller to judge. Ends within a few seconds.
   * @throws DependencyUnavailable when there is no answer of status 200 in time: slow, unreachable, too large,
   *   redirecting, refusing the credentials of Postern, or asked by too many at once. The token may be good. Repeats
   *   nothing that the endpoint sent, and neither the token nor a secret.
   * @throws TokenRejected for an answer that is not a JSON object.
   */
  abstract introspect(
    issuer: IntrospectionRegistration,
    token: string,
  ): Promise<IntrospectionAnswer>;
}

/**
 * The body of an answer of status 200. Read as strictly as a token: no member twice, so that two readers cannot see
 * two subjects.
 * @throws TokenRejected with reason `malformed_token` for what is not JSON, `invalid_claims` for what is no object.
 */
export function parseIntrospectionAnswer(body: Uint8Array): IntrospectionAnswer {
  const value = parseJson(body);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new TokenRejected('invalid_claims', 'the introspection answer is not a JSON object');
  }
  return new Map(Object.entries(value));
}

function parseJson(body: Uint8Array): ClaimValue {
  try {
    return parseStrictJson(body, LIMITS);
  } catch (error) {
    if (!(error instanceof JsonRefused)) throw error;
    // Without cause: it could quote what the endpoint sent.
    throw new TokenRejected(
      'malformed_token',
      `the introspection answer is not accepted: ${error.message}`,
    );
  }
}
