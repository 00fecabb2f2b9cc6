import { parseHandle } from '#handles';
import { type Form } from './form.js';
import { OAuthError } from './oauth-error.js';

export const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
export const ACCESS_TOKEN_TYPE = 'urn:ietf:params:oauth:token-type:access_token';
/** What this version accepts as `subject_token_type`: signed tokens of registered issuers. */
export const SUBJECT_TOKEN_TYPES = [
  'urn:ietf:params:oauth:token-type:jwt',
  'urn:ietf:params:oauth:token-type:id_token',
] as const;

/** An RFC 8693 request after parsing; nothing of it is believed yet. */
export interface TokenExchangeRequest {
  readonly subjectToken: string;
  readonly subjectTokenType: (typeof SUBJECT_TOKEN_TYPES)[number];
  readonly audiences: readonly string[];
  readonly resources: readonly string[];
  /** Undefined when none was sent. */
  readonly scopes: readonly string[] | undefined;
}

const refuse = (detail: string): OAuthError =>
  new OAuthError('invalid_request', 'malformed_request', detail);

/** @throws OAuthError */
export function parseTokenExchange(form: Form): TokenExchangeRequest {
  requireGrantType(form.one('grant_type'));
  const subjectToken = form.one('subject_token');
  if (subjectToken === undefined) throw refuse('subject_token is missing');
  const subjectTokenType = acceptedType(form.one('subject_token_type'));
  refuseHandle(subjectToken);
  refuseActor(form);
  const requested = form.one('requested_token_type');
  if (requested !== undefined && requested !== ACCESS_TOKEN_TYPE) {
    throw refuse('requested_token_type can only be access_token');
  }
  return {
    subjectToken,
    subjectTokenType,
    audiences: form.all('audience'),
    resources: form.all('resource').map(absoluteUri),
    scopes: parseScopes(form.one('scope')),
  };
}

function requireGrantType(grantType: string | undefined): void {
  if (grantType === undefined) throw refuse('grant_type is missing');
  if (grantType !== TOKEN_EXCHANGE) {
    throw new OAuthError('unsupported_grant_type', 'malformed_request', 'another grant_type');
  }
}

function acceptedType(type: string | undefined): TokenExchangeRequest['subjectTokenType'] {
  if (type === undefined) throw refuse('subject_token_type is missing');
  const accepted = SUBJECT_TOKEN_TYPES.find((one) => one === type);
  if (accepted === undefined) throw refuse('subject_token_type is not one that is accepted');
  return accepted;
}

/** A handle as subject token is a chained exchange, which is not served in this version. */
function refuseHandle(subjectToken: string): void {
  if (parseHandle(subjectToken).kind === 'handle') {
    throw new OAuthError(
      'invalid_request',
      'not_supported',
      'the subject token is a handle: chained exchange is not available in this version',
    );
  }
}

/** RFC 8693 section 2.1: actor_token_type if and only if actor_token. Delegation is not served in this version. */
function refuseActor(form: Form): void {
  const actorToken = form.one('actor_token');
  const actorTokenType = form.one('actor_token_type');
  if ((actorToken === undefined) !== (actorTokenType === undefined)) {
    throw refuse('actor_token and actor_token_type go together');
  }
  if (actorToken !== undefined) {
    throw new OAuthError(
      'invalid_request',
      'not_supported',
      'actor tokens are not available in this version',
    );
  }
}

/** RFC 8693 section 2.1: an absolute URI without a fragment. */
function absoluteUri(value: string): string {
  if (URL.canParse(value) && !value.includes('#')) return value;
  throw new OAuthError(
    'invalid_target',
    'unknown_resource',
    'resource is not an absolute URI without fragment',
  );
}

const SCOPES_MAX = 64;
/** RFC 6749 section 3.3: scope-token *( SP scope-token ). */
const SCOPE_TOKEN = /^[\x21\x23-\x5B\x5D-\x7E]+$/;

function parseScopes(scope: string | undefined): readonly string[] | undefined {
  if (scope === undefined) return undefined;
  const scopes = scope.split(' ');
  if (scopes.length <= SCOPES_MAX && scopes.every((one) => SCOPE_TOKEN.test(one))) return scopes;
  throw new OAuthError(
    'invalid_scope',
    'scope_not_allowed',
    'scope does not follow RFC 6749 section 3.3',
  );
}
