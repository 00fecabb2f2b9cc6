import { type FormLogin } from '../form-login.js';
import { type ProxiedResource } from '../proxied-resource.js';
import { type Upstream } from '../upstream.js';
import { isSilentOnValue } from '../silent-status.js';
import { hasSigns } from './answer-signs.js';
import { hiddenFields } from './hidden-fields.js';
import { receivedValuesOf } from '../header-values.js';
import { loginExchange, type LoginAnswer } from './login-exchange.js';
import { SessionCookies } from './session-cookies.js';
import { SessionNotOpened } from './session-opener.js';

export interface FormSessionParts {
  readonly injection: FormLogin;
  readonly resource: ProxiedResource;
  readonly credentialVersion: number;
  readonly upstream: Upstream;
  readonly username: string;
  readonly password: string;
}

type Field = readonly [name: string, value: string];

/** One session at a destination: its recipe played, and the cookies that came of it. */
export class FormSession {
  readonly cookies: SessionCookies;

  constructor(private readonly parts: FormSessionParts) {
    this.cookies = new SessionCookies(parts.resource.destination.origin);
  }

  /** @throws SessionNotOpened */
  async open(): Promise<void> {
    const { injection, resource, username, password } = this.parts;
    const { page, submit, usernameParameter, passwordParameter, extra } = injection.login;
    const hidden = page === undefined ? [] : await this.#hiddenFields(page);
    const own: readonly Field[] = [
      ...Object.entries(extra),
      [usernameParameter, username],
      [passwordParameter, password],
    ];
    const names = new Set(own.map(([name]) => name));
    const form = [...hidden.filter(([name]) => !names.has(name)), ...own];
    const answer = await this.#send('POST', submit, form);
    if (hasSigns(injection.success, answer, resource.destination.origin)) return;
    throw new SessionNotOpened(
      `the login was not successful: the form was answered ${answer.status}, without the signs of a success`,
      !isSilentOnValue(answer.status),
    );
  }

  /** Logs out where the registration says how. Throws nothing. */
  async close(): Promise<void> {
    const { logout } = this.parts.injection;
    if (logout === undefined) return;
    await this.#send(logout.method, logout.path, []).catch(() => undefined);
  }

  async #hiddenFields(page: string): Promise<readonly Field[]> {
    const { status, rawHeaders, body } = await this.#send('GET', page);
    const [coding = 'identity'] = receivedValuesOf(rawHeaders, 'content-encoding');
    if (status !== 200 || coding.toLowerCase() !== 'identity') {
      throw new SessionNotOpened(
        `the page of the login was answered ${status}, or in a content coding`,
      );
    }
    return hiddenFields(body.toString('utf8'), this.parts.injection.login.passwordParameter);
  }

  async #send(method: 'GET' | 'POST', path: string, form?: readonly Field[]): Promise<LoginAnswer> {
    const { resource, credentialVersion, upstream } = this.parts;
    const body = method === 'POST' ? bodyOf(form ?? []) : undefined;
    const answer = await loginExchange(upstream, {
      ...{ resource, credentialVersion, method, path, body },
      headers: this.#headers(path, body),
    });
    for (const field of receivedValuesOf(answer.rawHeaders, 'set-cookie'))
      this.cookies.set(field, path);
    return answer;
  }

  #headers(path: string, body: Buffer | undefined): readonly string[] {
    const { origin } = this.parts.resource.destination;
    const headers = ['host', origin.slice(origin.indexOf('://') + 3), 'accept', 'text/html, */*'];
    headers.push('accept-encoding', 'identity');
    const cookies = this.cookies.sentTo(path).map(({ name, value }) => `${name}=${value}`);
    if (cookies.length > 0) headers.push('cookie', cookies.join('; '));
    if (body === undefined) return headers;
    // What a browser says of itself: some destinations refuse a form that seems to come from elsewhere.
    headers.push('origin', origin, 'referer', `${origin}/`);
    headers.push('content-type', 'application/x-www-form-urlencoded');
    return [...headers, 'content-length', String(body.length)];
  }
}

const bodyOf = (form: readonly Field[]): Buffer =>
  Buffer.from(
    new URLSearchParams(form.map(([name, value]): [string, string] => [name, value])).toString(),
  );
