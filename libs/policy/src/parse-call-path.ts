import { NO_PATH_EXCEPTIONS, type PathExceptions } from './path-exception.js';

/** pchar and "/" (RFC 3986 section 3.3), as the call path has it: what every reader takes for the same but for ";". */
const PATH = /^(?:\/(?:[A-Za-z0-9\-._~!$&'()*+,=:@;]|%[0-9A-Fa-f]{2})+)+\/?$/;
const PATH_CHARACTERS_MAX = 1024;
/** What a decoded segment may be made of: no separator, no control character, no escape that is left. */
const SEGMENT = /^(?:(?!%[0-9A-Fa-f]{2})[^\p{C}/\\;])+$/u;
const ONLY_DOTS = /^[. ]+$/;
const ESCAPED_SEMICOLON = /%3b/i;

/**
 * The decoded segments of a path that names one call; undefined for one that does not decode in one way, but for the
 * exceptions given.
 */
export function parseCallPath(
  path: string,
  exceptions: PathExceptions = NO_PATH_EXCEPTIONS,
): readonly string[] | undefined {
  if (path === '/') return [];
  if (path.length > PATH_CHARACTERS_MAX || !PATH.test(path)) return undefined;
  if (ESCAPED_SEMICOLON.test(path)) return undefined;
  const segments = path.slice(1).split('/').map(decoded);
  const named = path.endsWith('/') ? segments.slice(0, -1) : segments;
  return named.every((segment) => isOfOneReading(segment, exceptions)) ? segments : undefined;
}

/** With its slashes and parameters, where these are taken, the segment is made of names that each have one reading. */
function isOfOneReading(segment: string, exceptions: PathExceptions): boolean {
  const slashes = exceptions.has('encoded-slash') ? segment.split('/') : [segment];
  return slashes.every((name) => {
    const parts = exceptions.has('path-parameter') ? name.split(';') : [name];
    const [first, ...parameters] = parts;
    if (first === '' && (parameters.length > 0 || slashes.length === 1)) return false;
    return parts.every((part) => part === '' || isPlain(part));
  });
}

/** Also to those who normalise by NFKC (UAX #15), which makes separators and dots of fullwidth forms. */
const isPlain = (name: string): boolean =>
  [name, name.normalize('NFKC')].every((text) => SEGMENT.test(text) && !ONLY_DOTS.test(text));

/** What is not well-formed UTF-8 becomes a text that no segment may be. */
function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return '';
  }
}
