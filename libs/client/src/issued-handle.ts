import { PosternClientError } from './postern-client-error.js';

/** A handle: good for one resource, a few operations and a few minutes. Keep it in memory only. */
export interface IssuedHandle {
  readonly handle: string;
  /** Public id, for logs and for asking an operator. */
  readonly handleId: string;
  /** `DPoP`: bound to the key of the client that exchanged for it, and good with that key only. */
  readonly tokenType: 'Bearer' | 'DPoP';
  readonly scopes: readonly string[];
  readonly expiresInSeconds: number;
}

/** RFC 6750 section 2.1, and a length that fits a header. */
const HANDLE = /^[A-Za-z0-9._~+/-]{1,1024}=*$/;

/**
 * The handle without white space around it. Other characters are refused here: `fetch` would quote the whole header in
 * its error.
 * @throws PosternClientError invalid_argument
 */
export function handleText(handle: string | IssuedHandle): string {
  const text = (typeof handle === 'string' ? handle : handle.handle).trim();
  if (HANDLE.test(text)) return text;
  throw new PosternClientError('invalid_argument', 'the handle has characters that no handle has');
}

/**
 * The 200 of an exchange (RFC 8693 section 2.2.1).
 * @throws PosternClientError unexpected_answer, which quotes nothing of the answer: a handle may be in it.
 */
export async function issuedHandleOf(response: Response): Promise<IssuedHandle> {
  const answer = (await response.json().catch(() => null)) as Partial<TokenAnswer> | null;
  const tokenType = TOKEN_TYPES.get(lowerCase(answer?.token_type));
  if (tokenType === undefined || !isTokenAnswer(answer)) {
    throw new PosternClientError(
      'unexpected_answer',
      `the token endpoint answered ${response.status}, but not with a handle: is this the origin of Postern?`,
    );
  }
  return {
    handle: answer.access_token,
    handleId: answer.handle_id,
    tokenType,
    scopes: answer.scope.split(' '),
    expiresInSeconds: answer.expires_in,
  };
}

/** RFC 6749 section 5.1: in any case. */
const TOKEN_TYPES: ReadonlyMap<string, IssuedHandle['tokenType']> = new Map([
  ['bearer', 'Bearer'],
  ['dpop', 'DPoP'],
]);

const lowerCase = (value: unknown): string =>
  typeof value === 'string' ? value.toLowerCase() : '';

interface TokenAnswer {
  readonly access_token: string;
  readonly handle_id: string;
  readonly token_type: string;
  readonly scope: string;
  readonly expires_in: number;
}

const isTokenAnswer = (answer: Partial<TokenAnswer> | null): answer is TokenAnswer =>
  typeof answer?.access_token === 'string' &&
  HANDLE.test(answer.access_token) &&
  typeof answer.handle_id === 'string' &&
  typeof answer.scope === 'string' &&
  // A handle without a second left, kept for later, would be kept for ever.
  Number.isSafeInteger(answer.expires_in) &&
  (answer.expires_in ?? 0) > 0;
