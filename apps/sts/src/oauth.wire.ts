import { ACCESS_TOKEN_TYPE, type IntrospectionResult, type IssuedHandle } from '#oauth';

/** RFC 8693 section 2.2.1, and `handle_id` for logs. */
export const tokenResponse = (issued: IssuedHandle): Readonly<Record<string, unknown>> => ({
  access_token: issued.handle,
  issued_token_type: ACCESS_TOKEN_TYPE,
  token_type: 'Bearer',
  expires_in: issued.expiresInSeconds,
  scope: issued.scopes.join(' '),
  handle_id: issued.handleId,
});

/** RFC 7662 section 2.2; what is ours stands under one collision-safe name. */
export function introspectionResponse(
  result: IntrospectionResult,
  publicOrigin: string,
): Readonly<Record<string, unknown>> {
  if (!result.active) return { active: false };
  const { handle } = result;
  return {
    active: true,
    scope: handle.scopes.join(' '),
    client_id: handle.subject.subject,
    token_type: 'Bearer',
    exp: result.exp,
    iat: result.iat,
    sub: handle.subject.subject,
    aud: handle.resource,
    iss: publicOrigin,
    jti: handle.id,
    'urn:postern:handle': {
      subject_issuer: handle.subject.issuer,
      environment: handle.environment,
      family_id: handle.familyId,
      grant_id: handle.grant.id,
      grant_version: handle.grant.version,
      pattern: handle.pattern,
      policy_digest: handle.grant.setDigest,
    },
  };
}
