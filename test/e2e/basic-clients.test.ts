import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { CallPath } from '../security/call-path.js';
import { describeWithServer } from '../support/describe-with-server.js';

const run = promisify(execFile);
const PYTHON = `
import requests, sys
user, url, handle = 'ledger', sys.argv[1], sys.stdin.readline().strip()
with requests.Session() as session:
    session.auth = (user, handle)
    answers = [session.get(url), session.post(url, data='x'), requests.get(url, auth=('', 'wrong'))]
print(' '.join(str(answer.status_code) for answer in answers))
`;

/** Programs that know user names and passwords only, unmodified. */
describe('clients that speak Basic', () => {
  let path: CallPath;
  let handle: string;
  let url: string;
  beforeAll(async () => {
    path = await CallPath.start({
      policy: {
        presentations: ['basic'],
        scopes: { 'ledger.read': ['GET /accounts/{id}', 'POST /accounts/{id}'] },
      },
    });
    url = `http://127.0.0.1:${path.port}/proxy/ledger/accounts/42`;
    ({ plaintext: handle } = await path.parts.issue());
  });
  afterAll(() => path.stop());

  describeWithServer('curl', 'curl', () => {
    const status = async (...args: string[]): Promise<string> => {
      const { stdout } = await run('curl', [
        '-s',
        '-o',
        '/dev/null',
        '-w',
        '%{http_code}',
        ...args,
      ]);
      return stdout;
    };

    it('calls with -u and the handle as password', async () => {
      expect(await status('-u', `ledger:${handle}`, url)).toBe('200');
      expect(await status('-u', `:${handle}`, '-d', 'x', url)).toBe('200');
      expect(await status('-u', 'ledger:wrong', url)).toBe('401');
    });

    it('finds Basic among the challenges, when it is told to choose (--anyauth)', async () => {
      expect(await status('--anyauth', '-u', `ledger:${handle}`, url)).toBe('200');
    });

    it('calls with the handle in the URL', async () => {
      expect(await status(url.replace('//', `//ledger:${handle}@`))).toBe('200');
    });
  });

  describeWithServer('requests', 'authlib', (python) => {
    it('calls with auth=(user, handle)', async () => {
      const child = run(python, ['-c', PYTHON, url]);
      child.child.stdin?.end(`${handle}\n`);
      expect((await child).stdout.trim()).toBe('200 200 401');
    });
  });
});
