import fc from 'fast-check';
import { CallPath, send } from './call-path.js';

/** Truncated or padded opaque token accepted: ZITADEL CVE-2026-27840. */
describe('a handle is the whole handle and nothing but the handle', () => {
  let path: CallPath;
  let plaintext = '';
  beforeAll(async () => {
    path = await CallPath.start();
    ({ plaintext } = await path.parts.issue());
  });
  afterAll(() => path.stop());
  const status = async (authorization: string): Promise<number> =>
    (await send(path.port, '/proxy/ledger/accounts/42', { headers: { authorization } })).status;

  it('is accepted as issued', async () => {
    expect(await status(`Bearer ${plaintext}`)).toBe(200);
    expect(await status(`bearer   ${plaintext}`)).toBe(200);
  });

  it.each([
    ['cut at the end', () => plaintext.slice(0, -1)],
    ['cut in front', () => plaintext.slice(1)],
    ['one character longer', () => `${plaintext}0`],
    ['padded', () => `${plaintext}=`],
    ['in another case', () => plaintext.toUpperCase()],
    ['twice', () => `${plaintext} ${plaintext}`],
    ['joined by a comma', () => `${plaintext},${plaintext}`],
    ['in quotes', () => `"${plaintext}"`],
    ['without its prefix', () => plaintext.replace('pst_', '')],
    ['with a parameter', () => `${plaintext}, error=x`],
  ])('X-23: is refused when it is %s', async (_, presented) => {
    expect(await status(`Bearer ${presented()}`)).toBe(401);
  });

  it('X-23: is refused when it is cut anywhere, or any one letter is of the other case', async () => {
    const before = path.parts.handles.lookedUp.length;
    for (const [at, character] of Array.from(plaintext).entries()) {
      const upper = character.toUpperCase();
      const other = upper === character ? character.toLowerCase() : upper;
      const changed = plaintext.slice(0, at) + other + plaintext.slice(at + 1);
      if (changed !== plaintext) expect(await status(`Bearer ${changed}`)).toBe(401);
      if (at > 0) expect(await status(`Bearer ${plaintext.slice(0, at)}`)).toBe(401);
    }
    expect(path.parts.handles.lookedUp).toHaveLength(before);
  });

  it('X-23: is refused with any one character changed, without a look-up', async () => {
    const before = path.parts.handles.lookedUp.length;
    await fc.assert(
      fc.asyncProperty(
        fc.nat(plaintext.length - 1),
        fc.constantFrom('0', 'a', 'Z', '_', '-'),
        async (at, by) => {
          fc.pre(plaintext[at] !== by);
          expect(
            await status(`Bearer ${plaintext.slice(0, at)}${by}${plaintext.slice(at + 1)}`),
          ).toBe(401);
        },
      ),
      { numRuns: 40 },
    );
    expect(path.parts.handles.lookedUp).toHaveLength(before);
  });

  it.each(['Basic', 'DPoP', 'Token', ''])('is refused by the scheme %j', async (scheme) => {
    expect(await status(`${scheme} ${plaintext}`.trim())).toBe(401);
  });

  it('is presented once: two Authorization headers are refused', async () => {
    const raw = await path.raw(
      `GET /proxy/ledger/accounts/42 HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${plaintext}\r\n` +
        `Authorization: Bearer ${plaintext}\r\nConnection: close\r\n\r\n`,
    );
    expect(raw).toMatch(/^HTTP\/1\.1 400 /);
  });

  it.each([
    ['access_token', (handle: string) => `access_token=${handle}`],
    ['access%5Ftoken', (handle: string) => `a=1&access%5Ftoken=${handle}`],
    [';access_token', (handle: string) => `a=1;access_token=x${handle.slice(0, 4)}`],
    ['any parameter', (handle: string) => `q=${handle}`],
  ])('P-01: is never taken from, nor passed on in, a query: %s', async (_, query) => {
    const before = path.backend.seen.length;
    const target = `/proxy/ledger/accounts/42?${query(plaintext)}`;
    const headers = { authorization: `Bearer ${plaintext}` };
    expect((await send(path.port, target, { headers })).status).toBe(400);
    expect([400, 401]).toContain((await send(path.port, target)).status);
    expect(path.backend.seen).toHaveLength(before);
  });

  it('P-01: is never taken from a form', async () => {
    const answer = await send(path.port, '/proxy/ledger/entries', {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: `access_token=${plaintext}`,
    });
    expect(answer.status).toBe(401);
  });

  it('never reaches the destination', () => {
    expect(path.backend.seen.length).toBeGreaterThan(0);
    expect(path.backend.everything).not.toContain(plaintext.slice(4));
  });
});
