import { NO_PATH_EXCEPTIONS, type PathExceptions } from '#policy';
import { AmbiguousRequest } from './ambiguous-request.js';
import { percentDecoded } from './percent-decoding.js';

/** pchar and "/" (RFC 3986 section 3.3) without ";": what every reader takes for the same path. */
const PLAIN_PATH = /^[A-Za-z0-9\-._~!$&'()*+,=:@%/]*$/;
const CONTROL = /\p{Cc}/u;
const ESCAPE = /%[0-9A-Fa-f]{2}/;
/** Dot segments, and what Windows makes of them when it drops trailing dots and spaces. */
const ONLY_DOTS = /^[. ]+$/;
const SEPARATOR = /[/\\;]/;
/** No exception is made for these: a backslash, and a parameter that only some readers see. */
const ESCAPED_ALWAYS_REFUSED = /%(?:5c|3b)/i;
const ASCII = /^\p{ASCII}*$/u;

/**
 * The decoded segments of a path that starts with `/` or is empty: `/a/b` is `['a', 'b']`, `/` is `['']`, the empty path
 * is `[]`. Accepts only what decodes in one way, but for the exceptions of the resource; nothing is normalised. With
 * `encoded-slash` a segment may have a slash in it and stays one segment; with `path-parameter` its parameters belong to it.
 * @throws AmbiguousRequest
 */
export function canonicalSegments(
  path: string,
  exceptions: PathExceptions = NO_PATH_EXCEPTIONS,
): readonly string[] {
  if (path === '') return [];
  const judged = exceptions.has('path-parameter') ? path.replaceAll(';', '') : path;
  if (!PLAIN_PATH.test(judged)) throw refusedCharacter(judged);
  if (path.includes('//')) throw new AmbiguousRequest('empty-segment', 'the path holds "//"');
  return path
    .slice(1)
    .split('/')
    .map((segment) => canonicalSegment(segment, exceptions));
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

function canonicalSegment(raw: string, exceptions: PathExceptions): string {
  const text = percentDecoded(raw);
  if (ONLY_DOTS.test(text)) throw new AmbiguousRequest('dot-segment', 'the path has a dot segment');
  if (text === raw && exceptions.size === 0) return text;
  if (SEPARATOR.test(text)) refuseSeparators(raw, text, exceptions);
  if (text === raw) return text;
  if (CONTROL.test(text)) {
    throw new AmbiguousRequest('control-character', 'a segment holds an escaped control character');
  }
  if (ESCAPE.test(text)) {
    throw new AmbiguousRequest('double-encoding', 'a segment is percent-encoded more than once');
  }
  if (!ASCII.test(text)) partsOf(text).forEach(refuseLookAlike);
  return text;
}

/**
 * What is left of a segment with separators that the resource takes: whoever cuts it there finds neither a dot segment nor
 * a segment that is all parameters, and so less than a segment.
 */
function refuseSeparators(raw: string, text: string, exceptions: PathExceptions): void {
  const hasSlash = text.includes('/') && !exceptions.has('encoded-slash');
  if (hasSlash || ESCAPED_ALWAYS_REFUSED.test(raw)) {
    throw new AmbiguousRequest('encoded-separator', 'a segment holds an escaped "/", "\\" or ";"');
  }
  if (partsOf(text).some((part) => ONLY_DOTS.test(part))) {
    throw new AmbiguousRequest('dot-segment', 'a segment holds a dot segment');
  }
  if (/(?:^|\/);/.test(text)) {
    throw new AmbiguousRequest('path-parameter', 'the path has a parameter of no segment');
  }
}

/** By the separators that were not refused. */
const partsOf = (text: string): readonly string[] => text.split(/[/;]/);

/**
 * Fullwidth forms and their kin. Readers that convert to a code page (Windows' best fit), or that normalise by NFKC
 * (UAX #15), make a separator, a dot segment or an escape of them after they were judged.
 */
function refuseLookAlike(text: string): void {
  const normalised = text.normalize('NFKC');
  if (!SEPARATOR.test(normalised) && !ONLY_DOTS.test(normalised) && !ESCAPE.test(normalised)) {
    return;
  }
  throw new AmbiguousRequest('look-alike', 'a segment holds what some readers take for "/" or "."');
}
