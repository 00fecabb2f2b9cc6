import { Secret } from '#kernel';
import { FixedClock, InMemoryWrappingTokens, wrappingTokensContract } from '#testing';

const creationPath = 'secret/data/intake/ledger';
const fields = new Map([['password', Secret.of('first')]]);

describe('the in-memory wrapping tokens', () => {
  wrappingTokensContract(async () => {
    const clock = new FixedClock(new Date('2026-11-21T12:00:00Z'));
    const tokens = new InMemoryWrappingTokens(clock);
    return {
      tokens,
      creationPath,
      wrap: async (texts, terms) =>
        tokens.wrap(new Map(Object.entries(texts).map(([name, text]) => [name, Secret.of(text)])), {
          creationPath,
          ...terms,
        }),
      rewrap: async (token) => tokens.rewrap(token),
      pass: async (seconds) => clock.advance(seconds),
      now: () => clock.now(),
      close: async () => undefined,
    };
  });

  it('loses one answer when it is told to, and the token with it', async () => {
    const tokens = new InMemoryWrappingTokens(new FixedClock(new Date('2026-11-21T12:00:00Z')));
    const token = tokens.wrap(fields, { creationPath });
    tokens.loseNextAnswer();
    expect(await tokens.unwrap(token)).toEqual({ failed: 'lost' });
    expect(await tokens.unwrap(token)).toEqual({ failed: 'unknown' });
    expect(await tokens.unwrap(tokens.wrap(fields, { creationPath }))).toEqual({ fields });
  });

  it('uses nothing up while it is told to be sealed', async () => {
    const tokens = new InMemoryWrappingTokens(new FixedClock(new Date('2026-11-21T12:00:00Z')));
    const token = tokens.wrap(fields, { creationPath });
    tokens.failWith('sealed');
    await expect(tokens.lookUp(token)).rejects.toMatchObject({ condition: 'sealed' });
    await expect(tokens.unwrap(token)).rejects.toMatchObject({ condition: 'sealed' });
    tokens.failWith(undefined);
    expect(await tokens.unwrap(token)).toEqual({ fields });
  });
});
