import { describeWithServer } from '#test-support';
import { Tomcat } from '../support/tomcat.js';
import { type Answer, CallPath } from './call-path.js';

const ACCOUNT = { username: 'ledger-svc', password: 'Gr8<ledger&1987"' };
const FOLDER = '/examples/jsp/security/protected';
const PAGE = '/proxy/ledger/protected/index.jsp';

describeWithServer('the login form of a servlet container', 'tomcat', () => {
  let tomcat: Tomcat;
  let path: CallPath;

  beforeAll(async () => {
    tomcat = await Tomcat.start(ACCOUNT);
  }, 180_000);
  afterAll(() => tomcat.stop());
  afterEach(() => path.stop());

  const start = async (scrub: 'stream' | 'off', secret = ACCOUNT): Promise<void> => {
    path = await CallPath.start({
      secret,
      policy: { scopes: { 'ledger.read': ['GET /protected/**'], 'ledger.post': ['POST /x'] } },
      registration: {
        destination: `${tomcat.origin}/examples/jsp/security`,
        response: { scrub },
        inject: {
          kind: 'form-login',
          username: 'username',
          password: 'password',
          login: {
            page: `${FOLDER}/index.jsp`,
            submit: `${FOLDER}/j_security_check`,
            usernameParameter: 'j_username',
            passwordParameter: 'j_password',
            extra: {},
          },
          success: { status: 303, location: `${FOLDER}/index.jsp`, cookie: 'JSESSIONID' },
          expired: { status: 200, location: undefined, cookie: 'JSESSIONID' },
          logout: { method: 'GET', path: `${FOLDER}/index.jsp?logoff=true` },
        },
      },
    });
  };
  const aCaller = async (): Promise<(query?: string) => Promise<Answer>> => {
    const { plaintext } = await path.parts.issue();
    const headers = { authorization: `Bearer ${plaintext}` };
    return (query = '') => path.call(PAGE + query, { headers });
  };
  const sessionIn = ({ body }: Answer): string | undefined =>
    /in session <b>([^<]*)<\/b>/.exec(body)?.[1];

  it('is filled in, and neither password nor session reaches the caller', async () => {
    await start('stream');
    const answer = await (await aCaller())();
    expect(answer.status).toBe(200);
    expect(answer.body).toContain(`<b>${ACCOUNT.username}</b>`);
    expect(sessionIn(answer)).toMatch(/^\*{32}$/);
    expect(JSON.stringify(answer)).not.toMatch(/JSESSIONID/i);
    expect(JSON.stringify(path.parts.journal.events)).not.toContain(ACCOUNT.password);
  });

  it('gives each handle a session of its own, whatever runs at once', async () => {
    await start('off');
    const [first, second] = [await aCaller(), await aCaller()];
    await first('?dataName=note&dataValue=of-the-first');
    const answers = await Promise.all([first(), first(), first(), first()]);
    const others = await Promise.all([second(), second(), second(), second()]);
    expect(answers.map(({ body }) => body.includes('of-the-first'))).toEqual(Array(4).fill(true));
    expect(others.map(({ body }) => body.includes('of-the-first'))).toEqual(Array(4).fill(false));
    expect(new Set(answers.map(sessionIn)).size).toBe(1);
    expect(new Set([...answers, ...others].map(sessionIn)).size).toBe(2);
    expect(answers.map(sessionIn).join()).toMatch(/^(?:[0-9A-F]{32},?){4}$/);
  });

  it('is filled in again when the session has died', async () => {
    await start('off');
    const call = await aCaller();
    const before = await call();
    expect((await call('?logoff=true')).status).toBe(302);
    const after = await call();
    expect(after.status).toBe(200);
    expect(sessionIn(after)).toMatch(/^[0-9A-F]{32}$/);
    expect(sessionIn(after)).not.toBe(sessionIn(before));
  });

  it('is left when the process ends: the session is no more', async () => {
    await start('off');
    const session = sessionIn(await (await aCaller())()) ?? '';
    const page = async (): Promise<string> =>
      (
        await fetch(`${tomcat.origin}${FOLDER}/index.jsp`, {
          headers: { cookie: `JSESSIONID=${session}` },
        })
      ).text();
    expect(await page()).toContain(session);
    await path.proxy.close(1_000);
    expect(await page()).toContain('j_password');
  });

  it('opens nothing with a password that is wrong', async () => {
    await start('stream', { ...ACCOUNT, password: 'not the password' });
    const { status, body } = await (await aCaller())();
    expect(status).toBe(503);
    expect(body + JSON.stringify(path.parts.journal.events)).not.toContain('not the password');
  });
});
