import { inspect } from 'node:util';
import { type IntrospectionRegistration, type TokenIntrospector } from '#identity';
import { DependencyUnavailable } from '#kernel';

export interface TokenIntrospectorUnderTest {
  readonly introspector: TokenIntrospector;
  readonly issuer: IntrospectionRegistration;
  /** The same endpoint, with client credentials that it refuses. */
  readonly issuerWithWrongSecret: IntrospectionRegistration;
  /** Texts that no error may hold: the client secrets. */
  readonly secrets: readonly string[];
  /** A fresh opaque token that is active. */
  issue(): Promise<string>;
  revoke(token: string): Promise<void>;
  /** Takes away, or gives back, the endpoint. */
  setReachable(reachable: boolean): Promise<void>;
  /** How often the endpoint was asked while it was reachable. */
  questions(): number;
  close(): Promise<void>;
}

/** What every token introspector promises: see the port. */
export function tokenIntrospectorContract(make: () => Promise<TokenIntrospectorUnderTest>): void {
  let under: TokenIntrospectorUnderTest;
  let token: string;

  beforeEach(async () => {
    under = await make();
    token = await under.issue();
  });
  afterEach(() => under.close());

  const activeOf = async (one: string): Promise<unknown> =>
    (await under.introspector.introspect(under.issuer, one)).get('active');

  it('answers with what the issuer says of an active token', async () => {
    const answer = await under.introspector.introspect(under.issuer, token);
    expect(answer.get('active')).toBe(true);
    expect(answer.get('exp')).toEqual(expect.any(Number));
  });

  it('answers that a token is not active which the issuer never gave', async () => {
    expect(await activeOf(`${token}x`)).toBe(false);
    expect(await activeOf('unknown')).toBe(false);
  });

  it('I-24: answers that a token is not active from the moment it is revoked', async () => {
    expect(await activeOf(token)).toBe(true);
    await under.revoke(token);
    expect(await activeOf(token)).toBe(false);
  });

  it('I-24: asks each time, about an active token and about another', async () => {
    const before = under.questions();
    for (const one of [token, token, 'unknown', 'unknown']) await activeOf(one);
    expect(under.questions() - before).toBe(4);
  });

  it('I-24: asks for each of many who ask about the same token at once', async () => {
    const before = under.questions();
    const answers = await Promise.all(Array.from({ length: 20 }, () => activeOf(token)));
    expect(new Set(answers)).toEqual(new Set([true]));
    expect(under.questions() - before).toBe(20);
  });

  it('I-25: fails closed while the endpoint is away, and goes on when it is back', async () => {
    expect(await activeOf(token)).toBe(true);
    await under.setReachable(false);
    await expect(activeOf(token)).rejects.toThrow(DependencyUnavailable);
    await under.setReachable(true);
    expect(await activeOf(token)).toBe(true);
  });

  it('I-25: fails closed when the endpoint refuses the credentials of Postern', async () => {
    const asked = under.introspector.introspect(under.issuerWithWrongSecret, token);
    await expect(asked).rejects.toThrow(DependencyUnavailable);
  });

  it.each(['the endpoint is away', 'the credentials are refused'])(
    'I-26: names the issuer and holds neither token nor secret when %s',
    async (why) => {
      const isAway = why === 'the endpoint is away';
      await under.setReachable(!isAway);
      const issuer = isAway ? under.issuer : under.issuerWithWrongSecret;
      const error: unknown = await under.introspector.introspect(issuer, token).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      expect(error).toBeInstanceOf(DependencyUnavailable);
      const told = inspect(error, { depth: 20, showHidden: true });
      expect(told).toContain(issuer.id);
      for (const secret of [token, ...under.secrets]) expect(told).not.toContain(secret);
    },
  );
}
