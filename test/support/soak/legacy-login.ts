import { type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';

/** Sessions that are known at once; the oldest goes first, as in applications that are old. */
const SESSIONS_MAX = 5_000;
const FORM = '<form method=post><input type=hidden name=csrf value=t1><input name=user></form>';

/** A login form: its sessions, and nothing of what they are for. */
export class LegacyLogin {
  readonly #sessions = new Set<string>();
  #logins = 0;

  /** @param base Path that the application is below, such as `/form`. @param isPassword Judges what is put into the form. */
  constructor(
    private readonly base: string,
    private readonly isPassword: (password: string) => boolean,
  ) {}

  /** Whether the request was one of the login. Then it is answered here, as is every request without a session. */
  async answers(request: IncomingMessage, response: ServerResponse): Promise<boolean> {
    const { url = '', headers } = request;
    const session = /(?:^|; )sid=([^;]+)/.exec(headers.cookie ?? '')?.[1] ?? '';
    if (url === `${this.base}/login`) response.end(FORM);
    else if (url === `${this.base}/session`) this.#judge(await text(request), response);
    else if (url === `${this.base}/logout`) {
      this.#sessions.delete(session);
      response.end();
    } else if (this.#sessions.has(session)) return false;
    else response.writeHead(302, { location: `${this.base}/login` }).end();
    return true;
  }

  #judge(body: string, response: ServerResponse): void {
    const form = new URLSearchParams(body);
    if (form.get('csrf') !== 't1' || !this.isPassword(form.get('pass') ?? '')) {
      response.writeHead(403).end('wrong password');
      return;
    }
    this.#logins += 1;
    const session = `session-number-${this.#logins}`;
    this.#sessions.add(session);
    const [oldest] = this.#sessions;
    if (this.#sessions.size > SESSIONS_MAX && oldest !== undefined) this.#sessions.delete(oldest);
    response.writeHead(302, {
      location: `${this.base}/home`,
      'set-cookie': `sid=${session}; Path=/`,
    });
    response.end();
  }
}
