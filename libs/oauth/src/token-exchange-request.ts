import { parseHandle } from '#handles';
import { type Intent } from '#policy';
import { type Form } from './form.js';
import { OAuthError } from './oauth-error.js';
import { parseIntent } from './parse-intent.js';

export const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const TOKEN_TYPE = 'urn:ietf:params:oauth:token-type:';
export const ACCESS_TOKEN_TYPE = `${TOKEN_TYPE}access_token`;
/** Signed tokens of registered issuers; which rules are for them, their issuer's registration says. */
const JWT_TYPES: ReadonlySet<string> = new Set([`${TOKEN_TYPE}jwt`, `${TOKEN_TYPE}id_token`]);
/** Opaque tokens of a registered issuer: of the only one, or of the one whose id follows after a colon. */
const INTROSPECTABLE_TYPE =
  /^urn:postern:token-type:introspectable(?::(?<issuer>[a-z0-9-]{1,63}))?$/;

/** A token with how it is to be read; nothing of it is believed yet. */
export type PresentedToken =
  | { readonly kind: 'jwt'; readonly token: string }
  | { readonly kind: 'opaque'; readonly token: string; readonly issuerId: string | undefined }
  | { readonly kind: 'handle'; readonly token: string };

/** An RFC 8693 request after parsing. */
export interface TokenExchangeRequest {
  readonly subjectToken: PresentedToken;
  /** As sent. */
  readonly subjectTokenType: string;
  readonly actorToken: PresentedToken | undefined;
  readonly audiences: readonly string[];
  readonly resources: readonly string[];
  /** Undefined when none was sent. */
  readonly scopes: readonly string[] | undefined;
  readonly intent: Intent;
}

const refuse = (detail: string): OAuthError =>
  new OAuthError('invalid_request', 'malformed_request', detail);

/** @throws OAuthError */
export function parseTokenExchange(form: Form): TokenExchangeRequest {
  requireGrantType(form.one('grant_type'));
  const subjectToken = presentedToken(form, 'subject_token');
  if (subjectToken === undefined) throw refuse('subject_token is missing');
  const actorToken = presentedToken(form, 'actor_token');
  const requested = form.one('requested_token_type');
  if (requested !== undefined && requested !== ACCESS_TOKEN_TYPE) {
    throw refuse('requested_token_type can only be access_token');
  }
  return {
    subjectToken,
    subjectTokenType: form.one('subject_token_type') ?? '',
    actorToken,
    audiences: form.all('audience'),
    resources: form.all('resource').map(absoluteUri),
    scopes: parseScopes(form.one('scope')),
    intent: parseIntent(form.one('authorization_details')),
  };
}

function requireGrantType(grantType: string | undefined): void {
  if (grantType === undefined) throw refuse('grant_type is missing');
  if (grantType !== TOKEN_EXCHANGE) {
    throw new OAuthError('unsupported_grant_type', 'malformed_request', 'another grant_type');
  }
}

/** RFC 8693 section 2.1: a token and its type go together. */
function presentedToken(
  form: Form,
  name: 'subject_token' | 'actor_token',
): PresentedToken | undefined {
  const [token, type] = [form.one(name), form.one(`${name}_type`)];
  if (token === undefined && type === undefined) return undefined;
  if (token === undefined) throw refuse(`${name} is missing`);
  if (type === undefined) throw refuse(`${name}_type is missing`);
  return readAs(token, type, name);
}

/** Of the form that the type says (X-05 in docs/conformance.md): a handle is an access token of ours, and nothing else is. */
function readAs(token: string, type: string, name: string): PresentedToken {
  const isHandle = parseHandle(token).kind === 'handle';
  if (isHandle !== (type === ACCESS_TOKEN_TYPE)) {
    throw refuse(`${name} is not of the type that ${name}_type names`);
  }
  if (isHandle) return { kind: 'handle', token };
  if (JWT_TYPES.has(type)) return { kind: 'jwt', token };
  const introspectable = INTROSPECTABLE_TYPE.exec(type);
  if (introspectable === null) throw refuse(`${name}_type is not one that is accepted`);
  return { kind: 'opaque', token, issuerId: introspectable.groups?.['issuer'] };
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
