import { CallDenied } from '../call-denied.js';
import { type OutgoingDraft } from './injector.js';
import { looksLike } from './look-alike.js';

/** RFC 6265 section 4.1.1: a token, "=", and octets that may stand in quotes as a whole. */
const COOKIE_PAIR =
  /^[!#%&'*+\-.^_`|~0-9A-Za-z][!#$%&'*+\-.^_`|~0-9A-Za-z]*=("?)[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*\1$/;

export interface SentCookie {
  readonly name: string;
  readonly value: string;
}

/**
 * Puts cookies behind those of the caller, in the one Cookie header. What may be read as one of `names` is dropped from
 * the caller's: the names of the cookies unless others are given.
 * @throws CallDenied
 */
export function putCookies(
  draft: OutgoingDraft,
  ours: readonly SentCookie[],
  names: readonly string[] = ours.map(({ name }) => name),
): void {
  const { cookies, others } = split(draft.headers);
  const kept = cookies.flatMap((header) => keptPairs(header, names));
  const all = [...kept, ...ours.map(({ name, value }) => `${name}=${value}`)];
  draft.headers = all.length === 0 ? [...others] : [...others, 'cookie', all.join('; ')];
}

function split(headers: readonly string[]): {
  readonly cookies: readonly string[];
  readonly others: readonly string[];
} {
  const cookies: string[] = [];
  const others: string[] = [];
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index] ?? '';
    const value = headers[index + 1] ?? '';
    if (name.toLowerCase() === 'cookie') cookies.push(value);
    else others.push(name, value);
  }
  return { cookies, others };
}

/**
 * The pairs of a Cookie header but for what may be read as ours. A lenient reader of a header out of the grammar could take
 * our cookie for a part of another one, such as when a quote stays open.
 * @throws CallDenied
 */
function keptPairs(header: string, names: readonly string[]): readonly string[] {
  if (header.trim() === '') return [];
  const kept = header
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => !names.some((name) => looksLike(pair.replace(/=.*$/s, ''), name)));
  if (kept.every((pair) => COOKIE_PAIR.test(pair))) return kept;
  throw new CallDenied({
    code: 'ambiguous-request',
    reason: 'ambiguous_request',
    detail: 'the Cookie header of the caller does not follow the grammar of RFC 6265',
  });
}
