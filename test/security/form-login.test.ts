import { type IncomingMessage, type ServerResponse } from 'node:http';
import { type Injection } from '#injection';
import { until } from '../support/until.js';
import { type Answer, CallPath, type CallPathOptions } from './call-path.js';

type FormLogin = Extract<Injection, { kind: 'form-login' }>;

const PATH = '/proxy/ledger/accounts/42';
const SECRET = { username: 'ledger-svc', password: 'pass&word=1987+' };

const A_RECIPE: FormLogin = {
  kind: 'form-login',
  username: 'username',
  password: 'password',
  login: {
    page: '/login',
    submit: '/session',
    usernameParameter: 'user',
    passwordParameter: 'pass',
    extra: { realm: 'internal' },
  },
  success: { status: 302, location: '/home', cookie: undefined },
  expired: { status: 302, location: '/login', cookie: undefined },
  logout: { method: 'POST', path: '/logout' },
};

/** An application with a login form, a hidden token in it, and sessions that a test can end. */
class LegacyApplication {
  readonly sessions = new Set<string>();
  readonly forms: string[] = [];
  readonly logouts: string[] = [];
  logins = 0;
  /** Headers of answers to calls. */
  extra: string[] = [];

  /** @param bodyOf Body of the request that has just come. */
  constructor(private readonly bodyOf: () => Promise<string>) {}

  readonly respond = (request: IncomingMessage, response: ServerResponse): void => {
    void this.bodyOf().then((body) => this.#answer(request, body, response));
  };

  #answer({ url, headers }: IncomingMessage, body: string, response: ServerResponse): void {
    const { cookie = '' } = headers;
    const sid = /(?:^|; )sid=([^;]+)/.exec(cookie)?.[1] ?? '';
    if (url === '/login') this.#showForm(response);
    else if (url === '/session') this.#judge(body, cookie, response);
    else if (url === '/logout') {
      this.logouts.push(sid);
      this.sessions.delete(sid);
      response.end();
    } else if (this.sessions.has(sid)) {
      response.writeHead(200, this.extra);
      response.end(`you are in ${sid}; you sent ${cookie}`);
    } else response.writeHead(302, { location: '/login', 'set-cookie': 'sid=anonymous-one' }).end();
  }

  #showForm(response: ServerResponse): void {
    response.setHeader('set-cookie', ['pre=before-login-cookie; Path=/', 'lang=en; Path=/']);
    response.end(
      `<form id=search><input type=hidden name=q value=no></form>
       <form><input type=HIDDEN name=csrf value="t&amp;1"><input type=hidden name=user value=x>
       <input name=user><input type=password name=pass></form>`,
    );
  }

  #judge(body: string, cookie: string, response: ServerResponse): void {
    this.forms.push(body);
    const form = new URLSearchParams(body);
    const isGood = form.get('pass') === SECRET.password && form.get('csrf') === 't&1';
    if (!isGood || !cookie.includes('pre=before-login-cookie')) {
      response.end(`wrong password: ${form.get('pass') ?? ''}`);
      return;
    }
    this.logins += 1;
    const id = `session-number-${this.logins}`;
    this.sessions.add(id);
    response.writeHead(302, { location: '/home', 'set-cookie': `sid=${id}; Path=/` }).end();
  }
}

describe('a login form', () => {
  let application: LegacyApplication;
  let path: CallPath;

  const start = async (
    recipe: Partial<FormLogin> = {},
    options: CallPathOptions = {},
  ): Promise<void> => {
    application = new LegacyApplication(async () => path.backend.seen.at(-1)?.body ?? '');
    path = await CallPath.start({
      respond: application.respond,
      secret: SECRET,
      ...options,
      registration: { inject: { ...A_RECIPE, ...recipe }, ...options.registration },
    });
  };
  afterEach(() => path.stop());

  const callWith = (plaintext: string, headers: Record<string, string> = {}): Promise<Answer> =>
    path.call(PATH, { headers: { authorization: `Bearer ${plaintext}`, ...headers } });
  const events = (): string => JSON.stringify([path.parts.journal.events, path.problems]);

  it('is filled in once for all calls of a handle, with the hidden fields of its page', async () => {
    await start();
    const { plaintext } = await path.parts.issue();
    const answers = await Promise.all(Array.from({ length: 16 }, () => callWith(plaintext)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(application.forms.map((form) => [...new URLSearchParams(form)])).toEqual([
      [
        ['csrf', 't&1'],
        ['realm', 'internal'],
        ['user', SECRET.username],
        ['pass', SECRET.password],
      ],
    ]);
  });

  it('opens a session for each handle', async () => {
    await start();
    const [first, second] = await Promise.all([path.parts.issue(), path.parts.issue()]);
    for (const { plaintext } of [first, second, first]) await callWith(plaintext);
    expect(application.sessions.size).toBe(2);
  });

  it('opens a session that no caller sees: not in a cookie, not in a body', async () => {
    await start();
    const { plaintext } = await path.parts.issue();
    const { body, headers } = await callWith(plaintext);
    expect(body).toMatch(/^you are in \*{16}; you sent pre=\*+; lang=en; sid=\*{16}$/);
    expect(headers['set-cookie']).toBeUndefined();
    application.extra = [
      'Set-Cookie',
      'sid=session-rotated-1; Path=/',
      'Set-Cookie',
      'theme=dark',
      'X-Now',
      'session-rotated-1',
    ];
    application.sessions.add('session-rotated-1');
    const rotated = await callWith(plaintext);
    expect(rotated.headers['set-cookie']).toEqual(['theme=dark']);
    expect(rotated.headers['x-now']).toBe('*'.repeat('session-rotated-1'.length));
    application.extra = [];
    const { body: after } = await callWith(plaintext);
    expect(after).toMatch(/^you are in \*{17};/);
    expect(events()).not.toMatch(/session-(?:number|rotated)|pass&word/);
  });

  it('takes no cookie of its names from the caller, and leaves the others', async () => {
    await start();
    const { plaintext } = await path.parts.issue();
    application.sessions.add('fixed-by-the-caller');
    const cookie = 'sid=fixed-by-the-caller; theme=dark; SID=fixed-by-the-caller';
    const { body } = await callWith(plaintext, { cookie });
    expect(body).toMatch(/you sent theme=dark; pre=\*+; lang=en; sid=\*{16}$/);
  });

  it('is filled in again within the call when the session has died, once for all calls', async () => {
    await start();
    const { plaintext } = await path.parts.issue();
    await callWith(plaintext);
    application.sessions.clear();
    const answers = await Promise.all(Array.from({ length: 8 }, () => callWith(plaintext)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(application.logins).toBe(2);
  });

  it('is not filled in a second time within ten seconds: the caller gets the answer, without the cookie', async () => {
    await start();
    const { plaintext } = await path.parts.issue();
    await callWith(plaintext);
    application.sessions.clear();
    await callWith(plaintext);
    application.sessions.clear();
    const { status, headers } = await callWith(plaintext);
    expect([status, headers['set-cookie']]).toEqual([302, undefined]);
    path.parts.clock.advance(10);
    expect((await callWith(plaintext)).status).toBe(200);
    expect(application.logins).toBe(3);
  });

  it('that refuses the password is left alone for a while; nothing else is sent, and nobody sees the password', async () => {
    await start({}, { secret: { ...SECRET, password: 'not-the-password' } });
    const answers = await Promise.all(Array.from({ length: 8 }, () => path.call(PATH)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([503]));
    expect(answers[0]?.headers['postern-error']).toBe('credential-unavailable');
    expect(application.forms).toHaveLength(1);
    expect(path.backend.seen.map(({ url }) => url)).toEqual(['/login', '/session']);
    expect(answers.map(({ body }) => body).join() + events()).not.toContain('not-the-password');
    expect(events()).toContain('the login was not successful');
  });

  it('is left when the handle has expired, and calls that still run have had their time', async () => {
    await start();
    const { plaintext } = await path.parts.issue();
    await callWith(plaintext);
    const { clock } = path.parts;
    clock.advance(301);
    await new Promise((resolve) => setTimeout(resolve, 1_200)); // Housekeeping runs once a second.
    expect(application.logouts).toEqual([]);
    clock.advance(10);
    await until('it logs out', () => application.logouts.length > 0);
    expect(application.logouts).toEqual(['session-number-1']);
  });

  it.each(['revoked', 'suspended'] as const)(
    'is left at once when its handle is %s; the sessions of others stay',
    async (status) => {
      await start();
      const [first, second, other] = await Promise.all(
        ['first', 'second', 'other'].map(() => path.parts.issue()),
      );
      const { handles } = path.parts.records;
      for (const { plaintext } of [first!, second!, other!]) await callWith(plaintext);
      const [ofFirst] = [...application.sessions];
      handles.set(first!.handle.id, { ...first!.handle, status });
      await until('it logs out', () => application.logouts.length === 1, 2_500);
      expect(application.logouts).toEqual([ofFirst]);
      expect(application.sessions.size).toBe(2);
      handles.set(second!.handle.id, { ...second!.handle, status });
      await until('it logs out', () => application.logouts.length === 2, 2_500);
      expect((await callWith(other!.plaintext)).status).toBe(200);
      expect(application.logins).toBe(3);
    },
  );

  it('is left when the process ends', async () => {
    await start();
    await path.call(PATH);
    await path.proxy.close(1_000);
    expect(application.logouts).toEqual(['session-number-1']);
  });

  it.each<readonly [string, (request: IncomingMessage, response: ServerResponse) => void]>([
    [
      'redirects its page elsewhere',
      (_, r) => r.writeHead(302, { location: 'http://127.0.0.1:9/' }).end(),
    ],
    ['has a page without end', (_, r) => r.writeHead(200).write(Buffer.alloc(300 * 1024))],
    ['goes away', (request) => request.socket.destroy()],
  ])('opens nothing when it %s', async (_, respond) => {
    await start({}, { respond });
    const { status, headers } = await path.call(PATH);
    expect([status, headers['postern-error']]).toEqual([503, 'credential-unavailable']);
    expect(new Set(path.backend.seen.map(({ url }) => url))).toEqual(new Set(['/login']));
  });
});
