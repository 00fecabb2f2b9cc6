import { AmbiguousRequest } from './ambiguous-request.js';
import { percentDecoded } from './percent-decoding.js';

/** Printable ASCII without backslash and "#". Brackets and braces are common in queries and separate nothing there. */
const PLAIN_QUERY = /^[\x21\x22\x24-\x5b\x5d-\x7e]*$/;
/** Tab and line ends stay: multi-line queries (SPARQL, PromQL) carry them. */
const REFUSED_CONTROL = /(?![\t\n\r])\p{Cc}/u;

/**
 * Checks a query (without its `?`). It takes no part in the decision and is forwarded as it is, but for a parameter
 * that is injected.
 * @throws AmbiguousRequest
 */
export function checkQuery(query: string): void {
  if (query === '') return;
  if (query.includes('\\')) {
    throw new AmbiguousRequest('backslash', 'the query holds a backslash');
  }
  if (!PLAIN_QUERY.test(query)) {
    throw new AmbiguousRequest('character', 'the query holds a character that is not ASCII');
  }
  if (REFUSED_CONTROL.test(percentDecoded(query))) {
    throw new AmbiguousRequest('control-character', 'the query holds a control character');
  }
}

/**
 * The names of all parameters, decoded. Some readers split at `;` too: what follows one counts as a parameter.
 * @throws AmbiguousRequest
 */
export const queryNames = (query: string): readonly string[] =>
  query === '' ? [] : query.split(/[&;]/).map(parameterName);

/** The decoded name of `name=value`; `+` is a space (application/x-www-form-urlencoded). */
export function parameterName(parameter: string): string {
  const end = parameter.indexOf('=');
  return percentDecoded((end < 0 ? parameter : parameter.slice(0, end)).replaceAll('+', ' '));
}
