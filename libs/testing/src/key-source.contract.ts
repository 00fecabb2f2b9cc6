import { type IssuerRegistration, type KeySource, type PublishedJwk } from '#identity';
import { DependencyUnavailable } from '#kernel';
import { type FixedClock } from './fixed-clock.js';

export interface KeySourceUnderTest {
  readonly source: KeySource;
  readonly registration: IssuerRegistration;
  /** The clock of the source. */
  readonly clock: FixedClock;
  /** Puts these keys where the source fetches from. */
  publish(keys: readonly PublishedJwk[]): Promise<void>;
  /** Takes away, or gives back, the place that the source fetches from. */
  setReachable(reachable: boolean): Promise<void>;
  /** How often key sets were fetched, failed attempts included. */
  fetches(): number;
  close(): Promise<void>;
}

/** What every key source promises: see the port. Keys need not be real here. */
export function keySourceContract(make: () => Promise<KeySourceUnderTest>): void {
  const keyOf = (kid: string): PublishedJwk => ({ kty: 'OKP', crv: 'Ed25519', kid, x: 'AA' });
  let under: KeySourceUnderTest;

  beforeEach(async () => {
    under = await make();
    await under.publish([keyOf('first')]);
  });
  afterEach(() => under.close());

  const current = async (): Promise<readonly unknown[]> =>
    (await under.source.current(under.registration)).keys.map((jwk) => jwk['kid']);
  const refetched = async (): Promise<readonly unknown[]> =>
    (await under.source.refetch(under.registration)).keys.map((jwk) => jwk['kid']);

  it('answers with what the issuer publishes', async () => {
    expect(await current()).toEqual(['first']);
  });

  it('says when it fetched', async () => {
    const set = await under.source.current(under.registration);
    expect(set.fetchedAt).toEqual(under.clock.now());
  });

  it('answers with a set of no keys when the issuer withdrew all', async () => {
    await under.publish([]);
    expect(await current()).toEqual([]);
  });

  it('fetches once for many who ask at once', async () => {
    const sets = await Promise.all(
      Array.from({ length: 20 }, () => under.source.current(under.registration)),
    );
    expect(new Set(sets.map((set) => set.keys)).size).toBe(1);
    expect(under.fetches()).toBe(1);
  });

  it('does not fetch again for the next caller', async () => {
    await current();
    under.clock.advance(200);
    const before = under.fetches();
    for (let call = 0; call < 20; call += 1) await current();
    expect(under.fetches() - before).toBeLessThanOrEqual(1);
  });

  it('refetch finds a key that was published since', async () => {
    await current();
    await under.publish([keyOf('first'), keyOf('second')]);
    expect(await refetched()).toEqual(['first', 'second']);
    expect(await current()).toEqual(['first', 'second']);
  });

  it('J-30 refetches once in 30 seconds however often it is asked', async () => {
    await current();
    const before = under.fetches();
    await Promise.all(Array.from({ length: 500 }, refetched));
    for (let call = 0; call < 500; call += 1) await refetched();
    expect(under.fetches() - before).toBe(1);
  });

  it('J-30 answers everybody who asks while it refetches with what it finds', async () => {
    await current();
    await under.publish([keyOf('second')]);
    const answers = await Promise.all(Array.from({ length: 50 }, refetched));
    expect(new Set(answers.flat())).toEqual(new Set(['second']));
  });

  it('J-30 refetches again after 30 seconds', async () => {
    await current();
    await refetched();
    await under.publish([keyOf('second')]);
    under.clock.advance(31);
    expect(await refetched()).toEqual(['second']);
  });

  it('J-32 no longer answers with a removed key after five minutes', async () => {
    await current();
    await under.publish([keyOf('second')]);
    under.clock.advance(301);
    expect(await current()).toEqual(['second']);
  });

  it('J-31 goes on with the last good set while the issuer cannot be reached', async () => {
    await current();
    await under.setReachable(false);
    for (let minute = 5; minute < 60; minute += 5) {
      under.clock.advance(300);
      expect(await current()).toEqual(['first']);
    }
    expect(await refetched()).toEqual(['first']);
  });

  it('J-31 fails closed when the last good set is an hour old', async () => {
    await current();
    await under.setReachable(false);
    under.clock.advance(3601);
    await expect(current()).rejects.toThrow(DependencyUnavailable);
    await expect(refetched()).rejects.toThrow(DependencyUnavailable);
  });

  it('J-31 recovers when the issuer is back', async () => {
    await current();
    await under.setReachable(false);
    under.clock.advance(3601);
    await expect(current()).rejects.toThrow(DependencyUnavailable);
    await under.setReachable(true);
    under.clock.advance(31);
    expect(await current()).toEqual(['first']);
  });

  it('fails closed, and names the issuer, when there never was a set', async () => {
    await under.setReachable(false);
    await expect(current()).rejects.toThrow(DependencyUnavailable);
    under.clock.advance(31);
    await expect(refetched()).rejects.toThrow(under.registration.id);
  });
}
