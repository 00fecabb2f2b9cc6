import fc from 'fast-check';
import { type Handle } from '#handles';
import { canonicalRequest } from '#injection';
import { ALL_PATH_EXCEPTIONS, parseCallPath, type PathExceptions } from '#policy';
import { CallPath, send } from './call-path.js';

const RUNS = process.env['POSTERN_TEST_VOLUME'] === 'long' ? 10_000 : 500;

/** A handle that was narrowed to one call by `authorization_details` (RFC 9396), and is tried on others. */
describe('a handle for one call', () => {
  let path: CallPath;
  beforeAll(async () => {
    path = await CallPath.start();
  });
  afterAll(() => path.stop());

  const call = (target: string, method = 'GET', handle: Partial<Handle> = {}) =>
    path.call(`/proxy/ledger${target}`, {
      method,
      handle: { intent: { method: 'GET', path: '/accounts/4%32' }, ...handle },
    });

  it('is good for that call, with whatever query', async () => {
    expect((await call('/accounts/4%32')).status).toBe(200);
    expect((await call('/accounts/4%32?from=2026-11-01')).status).toBe(200);
    expect(path.backend.seen.at(-1)).toMatchObject({ url: '/api/accounts/4%32?from=2026-11-01' });
  });

  it.each([
    ['another path', '/accounts/43', 'GET'],
    ['the same path decoded', '/accounts/42', 'GET'],
    ['the same path in another encoding', '/accounts/%34%32', 'GET'],
    ['another case', '/Accounts/4%32', 'GET'],
    ['a slash at the end', '/accounts/4%32/', 'GET'],
    ['a path below', '/accounts/4%32/entries', 'GET'],
    ['the path above', '/accounts', 'GET'],
    ['the root', '/', 'GET'],
    ['no path', '', 'GET'],
    ['HEAD for GET', '/accounts/4%32', 'HEAD'],
    ['another method', '/accounts/4%32', 'POST'],
    ['another call of its scopes', '/entries', 'POST'],
  ])('P-03: is refused for %s: no secret is read, nothing counted or sent', async (...row) => {
    const [, target, method] = row;
    const before = [path.parts.secrets.calls.read, path.parts.ledger.started.length];
    const sent = path.backend.seen.length;
    const answer = await call(target, method);
    expect([answer.status, answer.headers['postern-error']]).toEqual([403, 'insufficient_scope']);
    expect([path.parts.secrets.calls.read, path.parts.ledger.started.length]).toEqual(before);
    expect(path.backend.seen).toHaveLength(sent);
  });

  it.each([
    '/accounts//4%32',
    '/accounts/./4%32',
    '/accounts/x/../4%32',
    '/accounts/4%2532',
    '/accounts%2F4%32',
    '/accounts/4%32;x',
    '/accounts\\4%32',
  ])('P-03: is refused for a path that has no one reading: %s', async (target) => {
    const sent = path.backend.seen.length;
    expect((await call(target)).status).toBe(400);
    expect(path.backend.seen).toHaveLength(sent);
  });

  it('for HEAD is good for HEAD, and not for GET', async () => {
    const intent = { method: 'HEAD', path: '/accounts/42' };
    expect((await call('/accounts/42', 'HEAD', { intent })).status).toBe(200);
    expect((await call('/accounts/42', 'GET', { intent })).status).toBe(403);
  });

  it('is good for nothing when its scopes do not cover that call any more', async () => {
    const intent = { method: 'GET', path: '/admin' };
    expect((await call('/admin', 'GET', { intent })).status).toBe(403);
  });

  it('P-07: and for one time is used up by it, also of many at once', async () => {
    const { plaintext } = await path.parts.issue({
      intent: { method: 'GET', path: '/accounts/42' },
      maxCalls: 1,
    });
    const once = (target: string) =>
      send(path.port, `/proxy/ledger${target}`, {
        headers: { authorization: `Bearer ${plaintext}` },
      });
    expect((await once('/accounts/43')).status).toBe(403);
    const sent = path.backend.seen.length;
    const answers = await Promise.all(Array.from({ length: 10 }, () => once('/accounts/42')));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(path.backend.seen).toHaveLength(sent + 1);
    expect((await once('/accounts/42')).status).not.toBe(200);
  });
});

describe('for all paths that a call can be named by', () => {
  const unit = fc.constantFrom(
    ...Array.from('/aA1.%~;\\?#: {é\0'),
    ...['..', '//', '%2e', '%2F', '%5c', '%25', '%00', '%C3%A9', '%c3', '%3B', '%20', '%41'],
  );
  const paths = fc.string({ unit, maxLength: 10 }).map((text) => `/${text}`);
  const read = (path: string, exceptions?: PathExceptions): readonly string[] =>
    canonicalRequest(
      {
        method: 'GET',
        url: `/proxy/ledger${path}`,
        rawHeaders: ['Host', 'postern.test'],
        httpVersion: '1.1',
      },
      () => exceptions,
    ).segments;

  it('the proxy reads the same segments as the exchange did, also with all exceptions of a resource', () => {
    let excepted = 0;
    fc.assert(
      fc.property(paths, (path) => {
        const named = parseCallPath(path, ALL_PATH_EXCEPTIONS);
        if (named === undefined) return;
        if (/%2f|;/i.test(path)) excepted += 1;
        expect(read(path, ALL_PATH_EXCEPTIONS)).toEqual(path === '/' ? [''] : named);
        expect(named.join('/')).not.toMatch(/[\\\0]|(?:^|[/;])\.{1,2}(?:[/;]|$)/);
      }),
      { numRuns: 4 * RUNS },
    );
    expect(excepted).toBeGreaterThan(RUNS / 500);
  });

  it('the proxy reads the same segments as the exchange did', () => {
    let readable = 0;
    fc.assert(
      fc.property(paths, (path) => {
        const named = parseCallPath(path);
        if (named === undefined) return;
        readable += 1;
        expect(read(path)).toEqual(path === '/' ? [''] : named);
        expect(named.join('/')).not.toMatch(/[\\;\0]|(?:^|\/)\.{1,2}(?:\/|$)/);
      }),
      { numRuns: RUNS },
    );
    expect(readable).toBeGreaterThan(RUNS / 50);
  });
});
