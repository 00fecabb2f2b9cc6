import { parseUrl } from '#kernel';

const URL_CHARACTERS_MAX = 8 * 1024;

// RFC 3986 section 3, for http and https: no user, no character that `URL` would take and another reader would not.
const HTTP_URL =
  /^(?<origin>https?:\/\/(?:[a-z0-9._~-]+|\[[0-9a-f:.]+\])(?::[0-9]{0,5})?)(?<path>(?:\/(?:[a-z0-9._~!$&'()*+,;=:@-]|%[0-9a-f]{2})*)*)(?:[?#][\x21-\x7e]*)?$/i;

/**
 * The normal form of an `htu` (RFC 9449 section 4.3, step 9), without query and fragment: RFC 3986 section 6.2.2
 * (case, percent-encoding, dot segments) and 6.2.3 (default port, empty path). Undefined when it is no http(s) URL
 * that every reader sees alike.
 */
export function normalTarget(url: string): string | undefined {
  if (url.length > URL_CHARACTERS_MAX) return undefined;
  const { origin, path } = HTTP_URL.exec(url)?.groups ?? {};
  if (origin === undefined || path === undefined) return undefined;
  const parsed = parseUrl(origin + path.replace(/%[0-9a-f]{2}/gi, normalTriplet));
  return parsed === undefined ? undefined : parsed.origin + parsed.pathname;
}

/** RFC 3986 section 6.2.2: unreserved characters as themselves, others in upper case. */
function normalTriplet(triplet: string): string {
  const character = String.fromCharCode(Number.parseInt(triplet.slice(1), 16));
  return /[A-Za-z0-9._~-]/.test(character) ? character : triplet.toUpperCase();
}
