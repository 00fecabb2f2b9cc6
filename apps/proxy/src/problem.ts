import { DPOP_ALGORITHMS } from '#identity';
import { CallDenied, type CallDenialCode, CallFailed, type CallFailureCode } from '#injection';

type ProblemCode = CallDenialCode | CallFailureCode;

/** An error of ours as the caller sees it (RFC 9457); `postern-error` tells it from one of the destination. */
export interface Problem {
  readonly status: number;
  /** Name, value, name, value ... */
  readonly headers: readonly string[];
  readonly body: string;
}

const STATUS: Readonly<Record<ProblemCode, number>> = {
  'ambiguous-request': 400,
  'unsuitable-request': 400,
  invalid_request: 400,
  'missing-handle': 401,
  invalid_token: 401,
  'wrong-environment': 401,
  invalid_dpop_proof: 401,
  use_dpop_nonce: 401,
  insufficient_scope: 403,
  'calls-exhausted': 403,
  'request-too-large': 413,
  'too-many-requests': 429,
  'credential-unusable': 500,
  'internal-error': 500,
  'upgrade-not-available': 501,
  'upstream-unreachable': 502,
  'upstream-failed': 502,
  'response-too-large': 502,
  'unscrubbable-encoding': 502,
  'secret-in-response': 502,
  'caller-gone': 502,
  overloaded: 503,
  'credential-unavailable': 503,
  'dependency-unavailable': 503,
  'upstream-timeout': 504,
};

const TITLE: Readonly<Record<ProblemCode, string>> = {
  'ambiguous-request': 'The request can be understood in more than one way',
  invalid_request: 'A handle is presented once, as a Bearer or DPoP credential in Authorization',
  'missing-handle': 'A handle is needed, as a Bearer or DPoP credential in Authorization',
  invalid_token: 'The handle is not valid',
  invalid_dpop_proof: 'The DPoP proof is missing or not acceptable',
  use_dpop_nonce: 'The DPoP proof must carry the nonce of this answer',
  'wrong-environment': 'The handle is of another environment',
  insufficient_scope: 'The handle does not cover this call',
  'calls-exhausted': 'The handle has made all of its calls',
  'request-too-large': 'The request body is too large',
  'unsuitable-request': 'The credential of this resource cannot be put on a request like this',
  'credential-unusable': 'The credential of this resource cannot be used',
  'internal-error': 'The call failed inside of Postern',
  'upgrade-not-available': 'The connection cannot switch to this protocol',
  'upstream-unreachable': 'The destination cannot be reached',
  'upstream-failed': 'The destination gave no usable response',
  'response-too-large': 'The response is too large',
  'unscrubbable-encoding': 'The response cannot be searched for secrets',
  'secret-in-response': 'The response held a secret',
  'caller-gone': 'The caller went away',
  'too-many-requests': 'Too many requests: try again later',
  overloaded: 'Too many calls of this resource are in flight',
  'credential-unavailable': 'The credential of this resource is not available now',
  'dependency-unavailable': 'Postern cannot decide now',
  'upstream-timeout': 'The destination did not answer in time',
};

/** RFC 9449 section 7.1. */
const DPOP = `DPoP algs="${DPOP_ALGORITHMS.join(' ')}"`;

/** RFC 6750 section 3, RFC 9449 section 7.1; without an error code when nothing was presented. */
const CHALLENGE: Readonly<Partial<Record<ProblemCode, string>>> = {
  'missing-handle': `Bearer realm="postern", ${DPOP}`,
  invalid_token: `Bearer realm="postern", error="invalid_token", ${DPOP}, error="invalid_token"`,
  'wrong-environment': `Bearer realm="postern", error="invalid_token", ${DPOP}, error="invalid_token"`,
  insufficient_scope: 'Bearer realm="postern", error="insufficient_scope"',
  invalid_dpop_proof: `${DPOP}, error="invalid_dpop_proof"`,
  use_dpop_nonce: `${DPOP}, error="use_dpop_nonce"`,
};
/** RFC 7617 section 2; only where the resource takes handles so. */
const BASIC = 'Basic realm="postern", charset="UTF-8"';
const CHALLENGED_WITH_BASIC: ReadonlySet<ProblemCode> = new Set([
  'missing-handle',
  'invalid_token',
  'wrong-environment',
]);
const RETRY_AFTER_SECONDS = 1;
/** Of these an answer says when. */
const RETRIED: ReadonlySet<number> = new Set([429, 503]);
const retryAfterOf = (error: unknown): number =>
  error instanceof CallDenied
    ? (error.retryAfterSeconds ?? RETRY_AFTER_SECONDS)
    : RETRY_AFTER_SECONDS;

/** Written once: in a flood of refusals they are all alike. */
const DOCUMENTS = Object.fromEntries(
  (Object.keys(STATUS) as ProblemCode[]).map((code) => [code, documentOf(code)]),
) as Readonly<Record<ProblemCode, Problem>>;

function documentOf(code: ProblemCode): Problem {
  const type = `https://postern.dev/problems/${code}`;
  const status = STATUS[code];
  const body = JSON.stringify({ type, title: TITLE[code], status, code });
  return {
    status,
    body,
    headers: [
      ...['content-type', 'application/problem+json'],
      ...['content-length', String(Buffer.byteLength(body))],
      ...['cache-control', 'no-store'],
      ...['postern-error', code],
    ],
  };
}

/**
 * The problem document of an error. It depends on the code alone, so that refusals of one code cannot be told apart; the
 * challenge depends on the resource besides.
 */
export function problemOf(error: unknown, correlationId: string): Problem {
  const code: ProblemCode =
    error instanceof CallDenied || error instanceof CallFailed ? error.code : 'internal-error';
  const { status, headers, body } = DOCUMENTS[code];
  const challenge = challengeOf(code, error);
  return {
    status,
    body,
    headers: [
      ...headers,
      ...['postern-correlation-id', correlationId],
      ...nonceOf(error),
      ...(challenge === undefined ? [] : ['www-authenticate', challenge]),
      ...(RETRIED.has(status) ? ['retry-after', String(retryAfterOf(error))] : []),
    ],
  };
}

function challengeOf(code: ProblemCode, error: unknown): string | undefined {
  const challenge = CHALLENGE[code];
  const ours = error instanceof CallDenied || error instanceof CallFailed;
  const takesBasic = ours && error.presentations.includes('basic');
  return challenge !== undefined && takesBasic && CHALLENGED_WITH_BASIC.has(code)
    ? `${challenge}, ${BASIC}`
    : challenge;
}

const nonceOf = (error: unknown): readonly string[] =>
  error instanceof CallDenied && error.nonce !== undefined ? ['dpop-nonce', error.nonce] : [];
