import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describeWithServer } from '#test-support';
import { Http2Path } from '../security/http2-path.js';

const run = promisify(execFile);

/** Clients that choose their version of HTTP themselves: nothing but the handle and the base URL is changed for them. */
describeWithServer('curl', 'curl', () => {
  let h2: Http2Path;
  let authorization: string;
  const curl = async (path: string, ...args: string[]): Promise<string> => {
    const url = `https://127.0.0.1:${h2.path.port}${path}`;
    const shown = '%{http_version} %{http_code} %{stderr}';
    const all = ['-sk', '-w', shown, '-H', authorization, '--max-time', '10', ...args, url];
    return (await run('curl', all)).stdout;
  };
  beforeAll(async () => {
    h2 = await Http2Path.start({
      policy: { scopes: { 'ledger.post': ['POST /entries', 'GET /accounts/{id}'] } },
      respond: (request, response) => void request.pipe(response),
    });
    h2.path.backend.streams = true;
    const { plaintext } = await h2.path.parts.issue({ scopes: ['ledger.post'] });
    authorization = `authorization: Bearer ${plaintext}`;
  });
  afterAll(() => h2.stop());

  it('calls by HTTP/2 where it can, and by HTTP/1.1 where it is told to', async () => {
    const path = '/proxy/ledger/accounts/42';
    expect((await curl(path)).trim()).toBe('2 200');
    expect((await curl(path, '--http2')).trim()).toBe('2 200');
    expect((await curl(path, '--http1.1')).trim()).toBe('1.1 200');
  });

  it.each(['--http2', '--http1.1'])('sends a body and takes it back: %s', async (version) => {
    const body = 'a'.repeat(100_000);
    const answer = await curl('/proxy/ledger/entries', version, '-d', body);
    expect(answer).toMatch(/^a{100000}(?:2|1\.1) 200/);
  });

  it('is refused as by HTTP/1.1', async () => {
    const refused = await curl('/proxy/ledger/accounts/../x', '--http2', '--path-as-is');
    expect(refused).toContain('"code":"ambiguous-request"');
    expect(refused).toMatch(/\}2 400/);
  });
});
