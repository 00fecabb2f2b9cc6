import { withoutCredentials } from '#events';
import { type Digest, sha256 } from '#kernel';
import { type PresentedSubject } from './presented-subject.js';
import { type TokenExchangeRequest } from './token-exchange-request.js';

const AUDIENCE_LENGTH_MAX = 256;
const SCOPE_LENGTH_MAX = 1024;
const PATH_LENGTH_MAX = 256;

interface TokenTold {
  readonly subject_token_fp?: string;
  readonly subject_token_jti?: string;
  readonly parent_handle_id?: string;
}

/** What identifies the subject token without being it: of a token that was refused, no more than its digest. */
export function tokenTold(
  subject: PresentedSubject | undefined,
  request: TokenExchangeRequest | undefined,
): TokenTold {
  if (subject === undefined) return refusedTokenTold(request);
  const { origin } = subject;
  if (origin.kind === 'handle') return { parent_handle_id: origin.handle.id };
  const { jti, signingInputDigest } = origin.token;
  return {
    subject_token_fp: signingInputDigest,
    ...(jti === undefined ? {} : { subject_token_jti: jti }),
  };
}

function refusedTokenTold(request: TokenExchangeRequest | undefined): TokenTold {
  const presented = request?.subjectToken;
  const fingerprint = presented?.kind === 'jwt' ? signingInputDigest(presented.token) : undefined;
  return fingerprint === undefined ? {} : { subject_token_fp: fingerprint };
}

/** Of something else than a JWS nothing is kept: the digest of a short secret would give it away. */
function signingInputDigest(token: string): Digest | undefined {
  const parts = token.split('.', 4);
  return parts.length === 3 ? sha256(parts.slice(0, 2).join('.')) : undefined;
}

interface WishTold {
  readonly subject_token_type?: string;
  readonly audience?: string;
  readonly resource?: string;
  readonly scope?: string;
  readonly task?: string;
  readonly call?: string;
}

/** What was asked for, cut to the lengths of the event schema: a handle or token that stands there by mistake is left out. */
export function wishTold(request: TokenExchangeRequest | undefined): WishTold {
  if (request === undefined) return {};
  const { audiences, resources, scopes, intent } = request;
  const { task, call } = intent;
  return {
    subject_token_type: request.subjectTokenType,
    ...(audiences.length === 0 ? {} : { audience: told(audiences, AUDIENCE_LENGTH_MAX) }),
    ...(resources.length === 0 ? {} : { resource: told(resources, AUDIENCE_LENGTH_MAX) }),
    ...(scopes === undefined ? {} : { scope: told(scopes, SCOPE_LENGTH_MAX) }),
    ...(task === undefined ? {} : { task: told([task], PATH_LENGTH_MAX) }),
    ...(call === undefined ? {} : { call: told([call.method, call.path], PATH_LENGTH_MAX) }),
  };
}

const told = (words: readonly string[], lengthMax: number): string =>
  withoutCredentials(words.join(' '), lengthMax);
