import { inspect } from 'node:util';
import { Secret } from '#kernel';
import { type Unwrapped, type WrappingTokens } from '#rotation';

/** A store that wraps, and what an administrator does with it. */
export interface WrappingTokensUnderTest {
  readonly tokens: WrappingTokens;
  /** The answer of a read of this path is what gets wrapped. */
  readonly creationPath: string;
  /** Wraps a secret with these fields. */
  wrap(
    fields: Readonly<Record<string, string>>,
    terms?: { readonly ttlSeconds?: number },
  ): Promise<Secret>;
  /** `sys/wrapping/rewrap`. */
  rewrap(wrappingToken: Secret): Promise<Secret>;
  /** Resolves when so much time has passed. */
  pass(seconds: number): Promise<void>;
  now(): Date;
  close(): Promise<void>;
}

const CLOCKS_APART_MS = 2_000;

const revealed = (answer: Unwrapped): object =>
  'failed' in answer
    ? answer
    : Object.fromEntries([...answer.fields].map(([name, secret]) => [name, secret.reveal()]));

/** What every WrappingTokens keeps; see the port. */
export function wrappingTokensContract(make: () => Promise<WrappingTokensUnderTest>): void {
  let tested: WrappingTokensUnderTest;
  beforeAll(async () => {
    tested = await make();
  });
  afterAll(() => tested.close());

  it('tells where, when and for how long a token was made, as often as it is asked', async () => {
    const earliest = tested.now().getTime() - CLOCKS_APART_MS;
    const token = await tested.wrap({ password: 'new' }, { ttlSeconds: 120 });
    for (let look = 0; look < 3; look += 1) {
      const told = await tested.tokens.lookUp(token);
      expect(told).toMatchObject({ creationPath: tested.creationPath, ttlSeconds: 120 });
      expect(told!.createdAt.getTime()).toBeGreaterThanOrEqual(earliest);
      expect(told!.createdAt.getTime()).toBeLessThanOrEqual(
        tested.now().getTime() + CLOCKS_APART_MS,
      );
    }
    expect(revealed(await tested.tokens.unwrap(token))).toEqual({ password: 'new' });
  });

  it('gives what was wrapped, with every field, once', async () => {
    const token = await tested.wrap({ username: 'svc-ledger', password: 'correct "horse" ü' });
    const first = await tested.tokens.unwrap(token);
    expect(revealed(first)).toEqual({ username: 'svc-ledger', password: 'correct "horse" ü' });
    expect(await tested.tokens.unwrap(token)).toEqual({ failed: 'unknown' });
    expect(await tested.tokens.lookUp(token)).toBeUndefined();
  });

  it('gives it to one of those who ask at once', async () => {
    const token = await tested.wrap({ password: 'new' });
    const answers = await Promise.all(Array.from({ length: 8 }, () => tested.tokens.unwrap(token)));
    expect(answers.filter((answer) => 'fields' in answer)).toHaveLength(1);
    // Vault may be in the middle of ending the token, and answer in a way that tells neither: that counts as lost.
    const failed = expect.stringMatching(/^(?:unknown|lost)$/) as unknown;
    expect(answers.filter((answer) => 'failed' in answer)).toEqual(
      Array.from({ length: 7 }, () => ({ failed })),
    );
  });

  it('does not know a token that has expired', async () => {
    const token = await tested.wrap({ password: 'new' }, { ttlSeconds: 4 });
    expect(await tested.tokens.lookUp(token)).toBeDefined();
    await tested.pass(5);
    expect(await tested.tokens.lookUp(token)).toBeUndefined();
    expect(await tested.tokens.unwrap(token)).toEqual({ failed: 'unknown' });
  });

  it('does not know a token that was wrapped anew; the other has its path and a time of its own', async () => {
    const token = await tested.wrap({ password: 'new' });
    const before = await tested.tokens.lookUp(token);
    await tested.pass(0.01);
    const other = await tested.rewrap(token);
    expect(await tested.tokens.lookUp(token)).toBeUndefined();
    expect(await tested.tokens.unwrap(token)).toEqual({ failed: 'unknown' });
    const after = await tested.tokens.lookUp(other);
    expect(after!.creationPath).toBe(tested.creationPath);
    expect(after!.createdAt.getTime()).toBeGreaterThan(before!.createdAt.getTime());
    expect(revealed(await tested.tokens.unwrap(other))).toEqual({ password: 'new' });
  });

  it.each([
    ['that was never made', 's.AAAAAAAAAAAAAAAAAAAAAAAA'],
    ['that is empty', ''],
    ['with a line end', 's.AAAA\r\nX-Vault-Token: root'],
    ['with a space', 's.AAAA BBBB'],
    ['with a character that no header has', 's.AAAAü'],
    ['that is far too long', `s.${'A'.repeat(10_000)}`],
  ])('does not know a token %s', async (_what, text) => {
    expect(await tested.tokens.lookUp(Secret.of(text))).toBeUndefined();
    expect(await tested.tokens.unwrap(Secret.of(text))).toEqual({ failed: 'unknown' });
  });

  it('keeps what it gives hidden when it is printed', async () => {
    const token = await tested.wrap({ password: 'canary-19ce' });
    const told = await tested.tokens.lookUp(token);
    const answer = await tested.tokens.unwrap(token);
    expect(revealed(answer)).toEqual({ password: 'canary-19ce' });
    const printed = inspect([token, told, answer, tested.tokens], {
      depth: null,
      showHidden: true,
    });
    expect(printed).not.toContain('canary-19ce');
    expect(printed).not.toContain(token.reveal());
  });
}
