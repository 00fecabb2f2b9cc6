/** pchar and "/" (RFC 3986 section 3.3) without ";", as the call path has it: what every reader takes for the same. */
const PATH = /^(?:\/(?:[A-Za-z0-9\-._~!$&'()*+,=:@]|%[0-9A-Fa-f]{2})+)+$/;
const PATH_CHARACTERS_MAX = 1024;
/** What a decoded segment may be made of: no separator, no control character, no escape that is left. */
const SEGMENT = /^(?:(?!%[0-9A-Fa-f]{2})[^\p{C}/\\;])+$/u;
const ONLY_DOTS = /^[. ]+$/;

/** The decoded segments of a path that names one call; undefined for one that does not decode in one way. */
export function parseCallPath(path: string): readonly string[] | undefined {
  if (path === '/') return [];
  if (path.length > PATH_CHARACTERS_MAX || !PATH.test(path)) return undefined;
  const segments = path.slice(1).split('/').map(decoded);
  return segments.every(isOfOneReading) ? segments : undefined;
}

/** Also to those who normalise by NFKC (UAX #15), which makes separators and dots of fullwidth forms. */
const isOfOneReading = (segment: string): boolean =>
  [segment, segment.normalize('NFKC')].every((text) => SEGMENT.test(text) && !ONLY_DOTS.test(text));

/** What is not well-formed UTF-8 becomes a text that no segment may be. */
function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return '';
  }
}
