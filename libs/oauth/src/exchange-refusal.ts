import { DependencyUnavailable, PosternError } from '#kernel';
import { TokenRejected } from '#identity';
import { OAuthError } from './oauth-error.js';

/** RFC 8693 section 2.2.2: what is wrong with a token is `invalid_request`, and not `invalid_grant`. */
export const refused = (reason: OAuthError['reason'], detail: string): OAuthError =>
  new OAuthError('invalid_request', reason, detail);

/** Whatever stopped an exchange, as the answer that the caller gets and the reason that operators get. */
export function refusalOf(failure: unknown): OAuthError {
  if (failure instanceof OAuthError) return failure;
  if (failure instanceof TokenRejected) {
    return new OAuthError('invalid_request', failure.reason, failure.message, { cause: failure });
  }
  const reason =
    failure instanceof DependencyUnavailable ? 'dependency_unavailable' : 'internal_error';
  return new OAuthError('temporarily_unavailable', reason, detailOf(failure), { cause: failure });
}

/** The message of an error that is not ours may hold anything, and the event is read by many. */
const detailOf = (failure: unknown): string => {
  if (failure instanceof PosternError) return failure.message;
  return `unexpected ${failure instanceof Error ? failure.name : 'failure'}; the log says more`;
};
