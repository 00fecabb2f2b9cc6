import { Cookie, CookieJar, defaultPath } from 'tough-cookie';
import { type SentCookie } from '../injectors/cookie-header.js';
import { TERM_BYTES_MIN } from '../scrub/search-terms.js';

/** A name has a cookie for each path: each is kept, and searched for in every answer. */
const COOKIES_MAX = 50;
const SET_COOKIE_CHARACTERS_MAX = 8192;

/** Cookies of one session with one origin. The names that it ever had are its own: they concern nobody else. */
export class SessionCookies {
  readonly #jar = new CookieJar(undefined, { rejectPublicSuffixes: false });
  readonly #names = new Set<string>();
  /** By name and path. */
  readonly #values = new Map<string, string>();
  #confidential: readonly string[] = [];

  constructor(private readonly origin: string) {}

  /** Names of all cookies that it has or had. */
  get names(): readonly string[] {
    return [...this.#names];
  }

  /** Values that are long enough to be told from chance: another array when they have changed. */
  get confidential(): readonly string[] {
    return this.#confidential;
  }

  has(name: string): boolean {
    return this.#names.has(name);
  }

  /** Takes a Set-Cookie field. Without effect when it is none for this origin. */
  set(field: string, path: string): void {
    if (field.length > SET_COOKIE_CHARACTERS_MAX) return;
    const parsed = Cookie.parse(field);
    if (parsed === undefined) return;
    const place = JSON.stringify([parsed.key, parsed.path ?? defaultPath(path)]);
    if (!this.#values.has(place) && this.#values.size >= COOKIES_MAX) return;
    const cookie = this.#jar.setCookieSync(parsed, this.origin + path, { ignoreError: true });
    if (cookie === undefined) return;
    this.#names.add(cookie.key);
    this.#values.set(place, cookie.value);
    const found = [...this.#values.values()].filter(
      (value) => Buffer.byteLength(value) >= TERM_BYTES_MIN,
    );
    if (found.join('\n') !== this.#confidential.join('\n')) this.#confidential = found;
  }

  /** What is sent with a request for the path (RFC 6265 section 5.4). */
  sentTo(path: string): readonly SentCookie[] {
    return this.#jar
      .getCookiesSync(this.origin + path)
      .map(({ key, value }) => ({ name: key, value }));
  }
}

/** Of a Set-Cookie field. */
export const cookieName = (field: string): string => field.replace(/[=;].*$/s, '').trim();
