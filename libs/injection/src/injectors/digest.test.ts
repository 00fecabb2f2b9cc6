import { Secret } from '#kernel';
import { injectDigest } from './digest.js';
import { type Injector, type OutgoingDraft } from './injector.js';

const PASSWORD = 'Circle of Life';
const DIGEST = {
  kind: 'digest',
  username: 'username',
  password: 'password',
  algorithms: ['SHA-512-256', 'SHA-256', 'MD5'],
  qop: ['auth', 'auth-int'],
} as const;

const aDigest = (overrides: Partial<Parameters<typeof injectDigest>[0]> = {}): Injector =>
  injectDigest(
    { ...DIGEST, ...overrides },
    new Map([
      ['username', Secret.of('Mufasa')],
      ['password', Secret.of(PASSWORD)],
    ]),
  );
const aDraft = (path = '/dir/index.html'): OutgoingDraft => ({
  method: 'GET',
  path,
  query: '',
  headers: [],
  body: undefined,
});
const head = (status: number, ...headers: readonly string[]) => ({
  status,
  rawHeaders: headers.map((text) => Buffer.from(text, 'latin1')),
});
const challenged = (...challenges: readonly string[]) =>
  head(401, ...challenges.flatMap((challenge) => ['WWW-Authenticate', challenge]));

/** What is sent in answer to the challenges; undefined when they go to the caller. */
function answerTo(injector: Injector, ...challenges: readonly string[]): string | undefined {
  const draft = aDraft();
  void injector.inject(draft);
  const next = injector.answered?.(challenged(...challenges), draft);
  const second = aDraft();
  void next?.inject(second);
  return second.headers[1];
}
const sentAtOnce = (injector: Injector, path?: string): string | undefined => {
  const draft = aDraft(path);
  void injector.inject(draft);
  return draft.headers[1];
};
const GOOD = 'Digest realm="r", qop="auth", nonce="n1"';

describe('injecting digest credentials (RFC 7616)', () => {
  it('sends nothing before it was challenged, and drops what the caller sends', () => {
    const injector = aDigest();
    expect(sentAtOnce(injector)).toBeUndefined();
    expect([injector.replaces('authorization'), injector.replaces('accept')]).toEqual([
      true,
      false,
    ]);
  });

  it('answers to the strongest of several challenges, in one header or in several', () => {
    const md5 = 'Digest realm="r", qop="auth", nonce="n", algorithm=MD5';
    const sha = 'Digest realm="r", qop="auth", nonce="n", algorithm=SHA-256';
    for (const challenges of [[md5, sha], [sha, md5], [`${md5}, Basic realm="b", ${sha}`]]) {
      expect(answerTo(aDigest(), ...challenges)).toContain('algorithm=SHA-256,');
    }
    expect(answerTo(aDigest({ algorithms: ['MD5'] }), sha, md5)).toContain('algorithm=MD5,');
  });

  it.each([
    ['another scheme', 'Basic realm="r"'],
    ['an algorithm that is not known', 'Digest realm="r", qop="auth", nonce="n", algorithm=SHA-1'],
    ['no qop', 'Digest realm="r", nonce="n"'],
    ['a qop that is not known', 'Digest realm="r", qop="auth-conf", nonce="n"'],
    ['no realm', 'Digest qop="auth", nonce="n"'],
    ['no nonce', 'Digest realm="r", qop="auth"'],
    ['an empty nonce', 'Digest realm="r", qop="auth", nonce=""'],
    ['a nonce that is too long', `Digest realm="r", qop="auth", nonce="${'n'.repeat(1025)}"`],
    ['a realm that is too long', `Digest realm="${'r'.repeat(1025)}", qop="auth", nonce="n"`],
    ['two nonces', 'Digest realm="r", qop="auth", nonce="n", nonce="m"'],
    ['broken quotes', 'Digest realm="r, qop="auth", nonce="n"'],
  ])('gives a 401 with %s to the caller', (_, challenge) => {
    expect(answerTo(aDigest(), challenge)).toBeUndefined();
    expect(answerTo(aDigest(), challenge, GOOD)).toContain('nonce="n1"');
  });

  it('refuses what the registration does not accept', () => {
    expect(answerTo(aDigest({ algorithms: ['SHA-256'] }), GOOD)).toBeUndefined();
    expect(answerTo(aDigest({ qop: ['auth-int'] }), GOOD)).toBeUndefined();
  });

  it('counts the uses of a nonce, and takes a new client nonce each time', () => {
    const injector = aDigest();
    const sent = [
      answerTo(injector, GOOD),
      ...Array.from({ length: 20 }, () => sentAtOnce(injector)),
    ];
    const counts = sent.map((value) => /nc=([0-9a-f]{8})/.exec(value ?? '')?.[1]);
    expect(counts.at(-1)).toBe('00000015');
    expect(new Set(counts).size).toBe(21);
    expect(new Set(sent.map((value) => /cnonce="([^"]+)"/.exec(value ?? '')?.[1])).size).toBe(21);
  });

  it('counts on when a destination hands out the same nonce again, even after another', () => {
    const injector = aDigest();
    answerTo(injector, GOOD);
    answerTo(injector, 'Digest realm="r", qop="auth", nonce="n2"');
    // The second of them went out before the other nonce came.
    expect(answerTo(injector, GOOD)).toContain('nc=00000003');
  });

  it('gives a 401 for the same nonce to the caller, unless it is only stale', () => {
    const injector = aDigest();
    answerTo(injector, GOOD);
    expect(answerTo(injector, `${GOOD}, stale=true`)).toContain('Digest ');
    expect(answerTo(injector, GOOD)).toBeUndefined();
    expect(sentAtOnce(injector)).toBeUndefined();
  });

  it('begins anew when the second attempt is refused too: one failed login a call', () => {
    const injector = aDigest();
    const next = injector.answered?.(challenged(GOOD), aDraft());
    expect(sentAtOnce(injector)).toBeDefined();
    next?.concluded?.(challenged('Digest realm="r", qop="auth", nonce="n2"'));
    expect(sentAtOnce(injector)).toBeUndefined();
  });

  it('follows the nonce that the destination wants next', () => {
    const injector = aDigest();
    const next = injector.answered?.(challenged(GOOD), aDraft());
    next?.concluded?.(head(200, 'Authentication-Info', 'nextnonce="n2", qop=auth'));
    expect(sentAtOnce(injector)).toMatch(/nonce="n2".*nc=00000001/);
    const draft = aDraft();
    void injector.inject(draft);
    expect(injector.answered?.(head(200, 'authentication-info', 'nextnonce="n3"'), draft)).toBe(
      undefined,
    );
    expect(sentAtOnce(injector)).toContain('nonce="n3"');
  });

  it('sends nothing unasked outside of the protection space', () => {
    const injector = aDigest();
    answerTo(injector, `${GOOD}, domain="/dir/ https://ledger.internal/other"`);
    expect(sentAtOnce(injector, '/dir/a')).toBeDefined();
    expect(sentAtOnce(injector, '/other/a')).toBeDefined();
    expect(sentAtOnce(injector, '/elsewhere')).toBeUndefined();
  });

  it('keeps confidential what is as good as the password, of the last realms', () => {
    const injector = aDigest();
    answerTo(injector, GOOD);
    // MD5 of Mufasa:r:Circle of Life
    expect(injector.confidential).toEqual([PASSWORD, 'c54f00aa3213149a57ce6ce3f0365957']);
    for (let realm = 0; realm < 50; realm += 1) {
      answerTo(injector, `Digest realm="${realm}", qop="auth", nonce="n${realm}"`);
    }
    expect(injector.confidential).toHaveLength(9);
    expect(injector.confidential[0]).toBe(PASSWORD);
  });
});
