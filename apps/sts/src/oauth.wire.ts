import { type Handle } from '#handles';
import {
  ACCESS_TOKEN_TYPE,
  CALL_DETAILS_TYPE,
  type CallDetails,
  type IntrospectionResult,
  type IssuedHandle,
} from '#oauth';

/** RFC 8693 section 2.2.1, and `handle_id` for logs. */
export const tokenResponse = (issued: IssuedHandle): Readonly<Record<string, unknown>> => ({
  access_token: issued.handle,
  issued_token_type: ACCESS_TOKEN_TYPE,
  token_type: issued.tokenType,
  expires_in: issued.expiresInSeconds,
  scope: issued.scopes.join(' '),
  handle_id: issued.handleId,
  // RFC 9396 section 7: what was granted, whether or not it is what was asked for.
  ...(issued.details === undefined ? {} : { authorization_details: [callDetails(issued.details)] }),
});

const callDetails = ({ intent, task, maxCalls }: CallDetails) => ({
  type: CALL_DETAILS_TYPE,
  ...(intent === undefined ? {} : { method: intent.method, path: intent.path }),
  ...(task === undefined ? {} : { task }),
  maxCalls,
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
    client_id: handle.actors[0]?.subject ?? handle.subject.subject,
    token_type: handle.binding.kind === 'dpop' ? 'DPoP' : 'Bearer',
    exp: result.exp,
    iat: result.iat,
    sub: handle.subject.subject,
    aud: handle.resource,
    iss: publicOrigin,
    jti: handle.id,
    ...confirmationOf(handle),
    ...actOf(handle),
    ...(handle.intent === undefined && handle.task === undefined
      ? {}
      : { authorization_details: [callDetails(handle)] }),
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

/** RFC 9449 section 6.2, RFC 8705 section 3.2. */
function confirmationOf({ binding }: Handle): Readonly<Record<string, unknown>> {
  switch (binding.kind) {
    case 'none':
      return {};
    case 'dpop':
      return { cnf: { jkt: binding.jkt } };
    case 'mtls':
      return { cnf: { 'x5t#S256': binding.x5tS256 } };
  }
}

/** RFC 8693 section 4.1: of each hop who it is, and no more. */
function actOf({ actors }: Handle): Readonly<Record<string, unknown>> {
  const act = actors.reduceRight<object | undefined>(
    (inner, { issuer: iss, subject: sub }) => ({
      iss,
      sub,
      ...(inner === undefined ? {} : { act: inner }),
    }),
    undefined,
  );
  return act === undefined ? {} : { act };
}
