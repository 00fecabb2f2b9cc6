import { pathOfCall } from './call-target.js';
import { PosternClientError } from './postern-client-error.js';

/** The resource by its id, by its URI (RFC 8707), or by both when they name the same one. */
export type ExchangeTarget =
  | {
      /** Resource id, such as `ledger`. */
      readonly audience: string;
      /** Absolute URI of the resource, without a fragment. */
      readonly resource?: string;
    }
  | { readonly audience?: undefined; readonly resource: string };

/** What the handle shall be good for, within what the grant permits (RFC 9396, type `urn:postern:call`). */
export interface CallDetails {
  /** HTTP method of the one operation; goes with `path`. */
  readonly method?: string;
  /** Path of the one operation below the resource, as it will be given to `call`, without a query. */
  readonly path?: string;
  /** What the workload calls its task: all handles of one task can be revoked at once. */
  readonly task?: string;
  /** Calls that the handle may make. */
  readonly maxCalls?: number;
  /** Life of the handle. */
  readonly expiresInSeconds?: number;
}

/** What a workload needs to ask for: one resource, and the scopes of it that this task uses. */
export type ExchangeRequest = ExchangeTarget & {
  /** A fresh token of the workload's own identity: a JWT of a registered issuer, or what its type says. */
  readonly subjectToken: string;
  /** RFC 8693 section 3. Default `urn:ietf:params:oauth:token-type:jwt`. */
  readonly subjectTokenType?: string;
  /** Without it the grant's default scopes apply, when it has any. */
  readonly scopes?: readonly string[];
  /** Who acts for the subject, when it is not the subject itself: a fresh token of the actor. */
  readonly actorToken?: string;
  /** Only with an actor token. Default `urn:ietf:params:oauth:token-type:jwt`. */
  readonly actorTokenType?: string;
  readonly details?: CallDetails;
};

const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const JWT_TYPE = 'urn:ietf:params:oauth:token-type:jwt';
const CALL_DETAILS = 'urn:postern:call';

/**
 * The form of RFC 8693 section 2.1. What is undefined is not sent.
 * @throws PosternClientError invalid_argument
 */
export function exchangeForm(request: ExchangeRequest): URLSearchParams {
  const { actorToken, actorTokenType, details } = request;
  if (actorTokenType !== undefined && actorToken === undefined) {
    throw new PosternClientError('invalid_argument', 'actorTokenType is given without actorToken');
  }
  const parameters: Record<string, string | undefined> = {
    grant_type: TOKEN_EXCHANGE,
    subject_token: request.subjectToken,
    subject_token_type: request.subjectTokenType ?? JWT_TYPE,
    audience: request.audience,
    resource: request.resource,
    scope: request.scopes?.join(' '),
    actor_token: actorToken,
    actor_token_type: actorToken === undefined ? undefined : (actorTokenType ?? JWT_TYPE),
    authorization_details: details === undefined ? undefined : wireDetails(details),
  };
  const given = Object.entries(parameters).filter((entry) => entry[1] !== undefined);
  return new URLSearchParams(given as [string, string][]);
}

/** RFC 9396 section 2: an array, here of one object. */
const wireDetails = ({ method, path, task, maxCalls, expiresInSeconds }: CallDetails): string =>
  JSON.stringify([
    {
      type: CALL_DETAILS,
      method: method?.toUpperCase(),
      path: path === undefined ? undefined : pathOfCall(path),
      task,
      maxCalls,
      expires_in: expiresInSeconds,
    },
  ]);
