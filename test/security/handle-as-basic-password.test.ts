import { mintHandle } from '#handles';
import { type Answer, CallPath, send } from './call-path.js';

const TARGET = '/proxy/ledger/accounts/42';
const BASIC = 'Basic realm="postern", charset="UTF-8"';
const base64 = (text: string | Buffer): string => Buffer.from(text).toString('base64');
const basic = (user: string, handle: string): string => `Basic ${base64(`${user}:${handle}`)}`;
const withHeader = (path: CallPath, authorization: string | string[]): Promise<Answer> =>
  send(path.port, TARGET, { headers: { authorization } });

/** Clients that only know user names and passwords give the handle as the password (RFC 7617), where the resource says so. */
describe('a resource with presentations: [bearer, basic]', () => {
  let path: CallPath;
  let plaintext: string;
  beforeAll(async () => {
    path = await CallPath.start({ policy: { presentations: ['bearer', 'basic'] } });
  });
  beforeEach(async () => {
    ({ plaintext } = await path.parts.issue());
  });
  afterAll(() => path.stop());

  it.each(['ledger', '', 'jürgen', 'x'.repeat(64), 'a b', '\u{1f511}'])(
    'takes the handle as password, whatever the user name: "%s"',
    async (user) => {
      expect((await withHeader(path, basic(user, plaintext))).status).toBe(200);
    },
  );

  it.each(['basic', 'BASIC', 'bAsIc'])('takes the scheme %s', async (scheme) => {
    const { status } = await withHeader(path, `${scheme} ${base64(`a:${plaintext}`)}`);
    expect(status).toBe(200);
  });

  it('takes Bearer as before', async () => {
    expect((await withHeader(path, `Bearer ${plaintext}`)).status).toBe(200);
  });

  it.each<[string, (handle: string) => string]>([
    ['a user name of 65 characters', (handle) => basic('x'.repeat(65), handle)],
    ['a line feed in the user name', (handle) => basic('a\nb', handle)],
    ['a NUL in the user name', (handle) => basic('a\0', handle)],
    ['a separator of lines in the user name', (handle) => basic('a\u2028b', handle)],
    ['a colon too many', (handle) => basic('a:b', handle)],
    ['no colon', (handle) => `Basic ${base64(handle)}`],
    ['the handle as the user name', (handle) => basic(handle, '')],
    ['no password', () => basic('a', '')],
    ['more behind the handle', (handle) => basic('a', `${handle} `)],
    ['a line feed behind the handle', (handle) => basic('a', `${handle}\n`)],
    [
      'bytes that are no UTF-8',
      (handle) => `Basic ${base64(Buffer.from(`\xff:${handle}`, 'latin1'))}`,
    ],
    ['base64url', (handle) => basic('??>>~~', handle).replaceAll('+', '-').replaceAll('/', '_')],
    ['no padding', (handle) => unpadded(handle)],
    ['bits that are left over', (handle) => leftOver(handle)],
    ['a space in the base64', (handle) => basic('a', handle).replace(/(.{12})$/, ' $1')],
    ['more behind the base64', (handle) => `${basic('a', handle)} x`],
    ['a parameter', (handle) => `${basic('a', handle)}, realm="x"`],
    ['a tab for the space', (handle) => basic('a', handle).replace(' ', '\t')],
    ['the plain pair', (handle) => `Basic a:${handle}`],
    ['another scheme', (handle) => basic('a', handle).replace('Basic', 'Basics')],
    ['a very long user name', (handle) => basic('x'.repeat(4_000), handle)],
  ])('refuses %s', async (_, authorization) => {
    const before = path.backend.seen.length;
    const answer = await withHeader(path, authorization(plaintext));
    expect([answer.status, answer.headers['postern-error']]).toEqual([401, 'invalid_token']);
    expect(path.backend.seen).toHaveLength(before);
  });

  /** The user name is chosen so that the encoding would end in `=`, or have bits to spare. */
  const padded = (handle: string): string => {
    const name = ['a', 'ab', 'abc'].find((user) => basic(user, handle).endsWith('='));
    return basic(name ?? '', handle);
  };
  const unpadded = (handle: string): string => padded(handle).replace(/=+$/, '');
  const leftOver = (handle: string): string => {
    const next = (digit: string): string => String.fromCharCode(digit.charCodeAt(0) + 1);
    const changed = padded(handle).replace(/[A-Za-y0-8](?==+$)/, next);
    expect(changed).not.toBe(padded(handle));
    return changed;
  };

  it('refuses two presentations', async () => {
    const both = [basic('a', plaintext), `Bearer ${plaintext}`];
    for (const headers of [both, [...both].reverse(), [both[0]!, both[0]!]]) {
      const lines = headers.map((value) => `Authorization: ${value}\r\n`).join('');
      const answer = await path.raw(
        `GET ${TARGET} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${lines}\r\n`,
      );
      expect(answer).toMatch(/^HTTP\/1\.1 400 [^]*postern-error: invalid_request/i);
    }
  });

  it.each(['dpop', 'mtls'] as const)('refuses a handle that is bound by %s', async (kind) => {
    const binding =
      kind === 'dpop' ? { kind, jkt: 'x'.repeat(43) } : { kind, x5tS256: 'x'.repeat(43) };
    const bound = await path.parts.issue({ binding });
    const answer = await withHeader(path, basic('a', bound.plaintext));
    expect([answer.status, answer.headers['postern-error']]).toEqual([401, 'invalid_token']);
    expect(path.parts.journal.of('dev.postern.call.denied.v1').at(-1)?.reason).toBe(
      'binding_mismatch',
    );
  });

  it('refuses unknown and revoked handles alike', async () => {
    const revoked = await path.parts.issue({ status: 'revoked' });
    const answers = [
      await withHeader(path, basic('a', mintHandle('dev').plaintext)),
      await withHeader(path, basic('a', revoked.plaintext)),
      await withHeader(path, 'Basic nonsense'),
    ].map(({ status, body, headers }) => [status, body, headers['www-authenticate']]);
    expect(answers[1]).toEqual(answers[0]);
    expect(answers[2]).toEqual(answers[0]);
  });

  it('names Basic among the challenges of 401', async () => {
    const answer = await send(path.port, TARGET);
    expect(answer.headers['www-authenticate']).toMatch(
      /^Bearer realm="postern", DPoP .*, Basic realm="postern", charset="UTF-8"$/,
    );
    const wrong = await withHeader(path, basic('a', 'b'));
    expect(wrong.headers['www-authenticate']).toContain(BASIC);
  });

  it('keeps the pair from destination, events, answers and what is complained of', async () => {
    const user = 'user-name-of-the-caller';
    const authorization = basic(user, plaintext);
    const answers = [
      await withHeader(path, authorization),
      await withHeader(path, `${authorization}x`),
      await withHeader(path, basic(user, `${plaintext}x`)),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 401, 401]);
    const everything = [
      path.backend.everything,
      JSON.stringify([answers, path.parts.journal.events, path.problems.map(String)]),
    ].join();
    for (const text of [plaintext, user, authorization.slice(6), base64(`${user}:`).slice(0, 20)]) {
      expect(everything).not.toContain(text);
    }
  });
});

describe('a resource that takes no Basic', () => {
  it.each<[('bearer' | 'dpop')[]]>([[['bearer']], [['dpop']], [['bearer', 'dpop']]])(
    'refuses the handle as password, and names no Basic: %j',
    async (presentations) => {
      const path = await CallPath.start({ policy: { presentations } });
      const { plaintext } = await path.parts.issue();
      const answer = await withHeader(path, basic('a', plaintext));
      expect([answer.status, answer.headers['postern-error']]).toEqual([401, 'invalid_token']);
      expect(answer.headers['www-authenticate']).not.toMatch(/basic/i);
      expect((await send(path.port, TARGET)).headers['www-authenticate']).not.toMatch(/basic/i);
      await path.stop();
    },
  );

  it('is what an unknown resource looks like', async () => {
    const path = await CallPath.start({ policy: { presentations: ['basic'] } });
    const answer = await send(path.port, '/proxy/other/accounts/42');
    expect(answer.status).toBe(401);
    expect(answer.headers['www-authenticate']).not.toMatch(/basic/i);
    await path.stop();
  });
});

describe('a resource with presentations: [basic]', () => {
  it('takes an unbound handle as password only', async () => {
    const path = await CallPath.start({ policy: { presentations: ['basic'] } });
    const { plaintext } = await path.parts.issue();
    expect((await withHeader(path, basic('a', plaintext))).status).toBe(200);
    expect((await withHeader(path, `Bearer ${plaintext}`)).status).toBe(401);
    await path.stop();
  });
});
