import {
  compileIntrospection,
  type IntrospectionDeclaration,
  type IntrospectionRegistration,
} from '#identity';
import { type Clock, epochSeconds } from '#kernel';

/** As one would configure an issuer of opaque tokens. */
export const anIntrospectionDeclaration = (
  overrides: Partial<IntrospectionDeclaration> = {},
): IntrospectionDeclaration => ({
  id: 'partner',
  kind: 'introspection',
  issuer: 'https://partner.test',
  endpoint: 'https://partner.test/introspect',
  clientSecret: { mount: 'secret', path: 'postern/partner-introspection' },
  audienceRequired: true,
  allowPrivateEndpoint: true,
  subjects: 'workload',
  tokenUse: { kind: 'reusable' },
  maxLifetimeSeconds: 3600,
  maxAgeSeconds: 3600,
  clockSkewSeconds: 30,
  requiredClaims: {},
  owner: 'platform@example',
  purpose: 'Tests',
  reviewBy: new Date('2100-01-01T00:00:00Z'),
  ...overrides,
});

/** Its entry in the issuer registry. */
export const anIntrospectionRegistration = (
  overrides: Partial<IntrospectionDeclaration> = {},
): IntrospectionRegistration => compileIntrospection(anIntrospectionDeclaration(overrides));

/**
 * What an issuer answers of an active token of `workload-1` for `https://postern.test`, issued now for five minutes.
 * `members` replace or add; undefined takes a member out.
 */
export function anIntrospectionAnswer(
  clock: Clock,
  members: Readonly<Record<string, unknown>> = {},
): Readonly<Record<string, unknown>> {
  const now = epochSeconds(clock.now());
  return {
    active: true,
    iss: 'https://partner.test',
    sub: 'workload-1',
    aud: 'https://postern.test',
    client_id: 'workload-1',
    token_type: 'Bearer',
    iat: now,
    exp: now + 300,
    ...members,
  };
}
