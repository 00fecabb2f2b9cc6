import { AmbiguousRequest } from './ambiguous-request.js';
import { percentDecoded } from './percent-decoding.js';

/** pchar and "/" (RFC 3986 section 3.3) without ";": what every reader takes for the same path. */
const PLAIN_PATH = /^[A-Za-z0-9\-._~!$&'()*+,=:@%/]*$/;
const CONTROL = /\p{Cc}/u;
const ESCAPE = /%[0-9A-Fa-f]{2}/;
/** Dot segments, and what Windows makes of them when it drops trailing dots and spaces. */
const ONLY_DOTS = /^[. ]+$/;
const SEPARATOR = /[/\\;]/;
const ASCII = /^\p{ASCII}*$/u;

/**
 * The decoded segments of a path that starts with `/` or is empty: `/a/b` is `['a', 'b']`, `/` is `['']`, the empty path
 * is `[]`. Accepts only what decodes in one way; nothing is normalised.
 * @throws AmbiguousRequest
 */
export function canonicalSegments(path: string): readonly string[] {
  if (path === '') return [];
  if (!PLAIN_PATH.test(path)) throw refusedCharacter(path);
  if (path.includes('//')) throw new AmbiguousRequest('empty-segment', 'the path holds "//"');
  return path.slice(1).split('/').map(canonicalSegment);
}

function refusedCharacter(path: string): AmbiguousRequest {
  if (path.includes('\\')) return new AmbiguousRequest('backslash', 'the path holds a backslash');
  if (path.includes(';')) {
    return new AmbiguousRequest('path-parameter', 'the path holds ";", a path parameter to some');
  }
  if (CONTROL.test(path) || path.includes(' ')) {
    return new AmbiguousRequest('control-character', 'the path holds a space or control character');
  }
  return new AmbiguousRequest(
    'character',
    'the path holds a character that RFC 3986 does not permit there unescaped',
  );
}

function canonicalSegment(raw: string): string {
  const text = percentDecoded(raw);
  if (ONLY_DOTS.test(text)) throw new AmbiguousRequest('dot-segment', 'the path has a dot segment');
  if (text === raw) return text;
  if (SEPARATOR.test(text)) {
    throw new AmbiguousRequest('encoded-separator', 'a segment holds an escaped "/", "\\" or ";"');
  }
  if (CONTROL.test(text)) {
    throw new AmbiguousRequest('control-character', 'a segment holds an escaped control character');
  }
  if (ESCAPE.test(text)) {
    throw new AmbiguousRequest('double-encoding', 'a segment is percent-encoded more than once');
  }
  if (!ASCII.test(text)) refuseLookAlike(text.normalize('NFKC'));
  return text;
}

/**
 * Fullwidth forms and their kin. Readers that convert to a code page (Windows' best fit), or that normalise by NFKC
 * (UAX #15), make a separator, a dot segment or an escape of them after they were judged.
 */
function refuseLookAlike(normalised: string): void {
  if (!SEPARATOR.test(normalised) && !ONLY_DOTS.test(normalised) && !ESCAPE.test(normalised)) {
    return;
  }
  throw new AmbiguousRequest('look-alike', 'a segment holds what some readers take for "/" or "."');
}
