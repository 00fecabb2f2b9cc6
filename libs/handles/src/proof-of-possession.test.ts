import { randomBytes } from 'node:crypto';
import { DependencyUnavailable, secondsAfter } from '#kernel';
import { athOf, DpopKey, FixedClock, InMemoryProofUses } from '#testing';
import { DpopNonces } from './dpop-nonces.js';
import { DpopNonceRequired, DpopProofInvalid } from './dpop-refused.js';
import { type PresentedProof, ProofOfPossession } from './proof-of-possession.js';

const URI = 'https://postern.test/token';
const HANDLE = 'pst_test_handle';
const AT_ONCE = 20;

describe('proof of possession', () => {
  let clock: FixedClock;
  let uses: InMemoryProofUses;
  let key: DpopKey;
  let possession: ProofOfPossession;

  beforeEach(async () => {
    clock = new FixedClock();
    uses = new InMemoryProofUses();
    key = await DpopKey.create({ clock });
    possession = new ProofOfPossession({ uses, nonces: undefined, clock });
  });

  const present = (
    proof: string | readonly string[],
    over: Partial<PresentedProof> = {},
    by: ProofOfPossession = possession,
  ): Promise<{ readonly jkt: string } | undefined> =>
    by.check({
      proofs: typeof proof === 'string' ? [proof] : proof,
      method: 'POST',
      uri: URI,
      ...over,
    });
  const refused = async (outcome: Promise<unknown>, rule: string): Promise<void> => {
    const refusal = {
      code: 'invalid_dpop_proof',
      message: expect.stringContaining(rule) as string,
    };
    await expect(outcome).rejects.toBeInstanceOf(DpopProofInvalid);
    await expect(outcome).rejects.toMatchObject(refusal);
  };

  it('is of the key that signed', async () => {
    await expect(present(key.proof())).resolves.toEqual({ jkt: key.jkt });
  });

  it('is none without a DPoP header', async () => {
    await expect(present([])).resolves.toBeUndefined();
    expect(uses.remembered.size).toBe(0);
  });

  describe('D-01: more than one proof', () => {
    it('is refused in two headers, be they alike or not', async () => {
      const proof = key.proof();
      await refused(present([proof, proof]), 'more than one DPoP header');
      await refused(present([key.proof(), key.proof()]), 'more than one DPoP header');
      await refused(present([key.proof(), '']), 'more than one DPoP header');
    });

    it('is refused in a list', async () => {
      await refused(present(`${key.proof()}, ${key.proof()}`), 'more than one proof');
      await refused(present(`${key.proof()},`), 'more than one proof');
    });

    it('leaves nothing behind', async () => {
      const proof = key.proof();
      await refused(present([proof, key.proof()]), 'more than one');
      await expect(present(proof)).resolves.toEqual({ jkt: key.jkt });
    });
  });

  describe('D-02: a bad proof', () => {
    it('is refused, an empty header too, and nothing of it is repeated', async () => {
      await refused(present(''), 'not three base64url parts');
      await refused(present('s3cret.s3cret'), 'not three base64url parts');
      await expect(present('s3cret.s3cret')).rejects.not.toThrow('s3cret');
      await refused(present(key.proof({}, { typ: 'JWT' })), 'the typ is not dpop+jwt');
    });

    it('is refused when its algorithm is not among those that are set', async () => {
      const strict = new ProofOfPossession({
        uses,
        nonces: undefined,
        clock,
        algorithms: ['EdDSA'],
      });
      await refused(present(key.proof(), {}, strict), 'the alg is not one');
      const edwards = await DpopKey.create({ clock, algorithm: 'EdDSA' });
      await expect(present(edwards.proof(), {}, strict)).resolves.toEqual({ jkt: edwards.jkt });
    });

    it('is not remembered: only what was accepted is', async () => {
      await refused(present(key.proof({ htm: 'PUT' })), 'htm');
      await refused(present(key.proof({ iat: 1 })), 'iat');
      expect(uses.remembered.size).toBe(0);
    });
  });

  it('D-03: is refused for another method', async () => {
    await refused(present(key.proof(), { method: 'PUT' }), 'its htm is not the method');
  });

  it('D-04: is refused for another URL, and not for another query', async () => {
    await refused(present(key.proof(), { uri: 'https://postern.test/other' }), 'its htu');
    await expect(present(key.proof(), { uri: `${URI}?a=b` })).resolves.toEqual({ jkt: key.jkt });
  });

  describe('D-06: a proof that was used before', () => {
    it('is refused with the same key and id', async () => {
      const proof = key.proof({ jti: 'one' });
      await present(proof);
      await refused(present(proof), 'used before');
      await refused(present(key.proof({ jti: 'one', more: 1 })), 'used before');
    });

    it('is refused however the URL is written', async () => {
      const proof = key.proof({ jti: 'one', htu: 'https://postern.test/a~b' });
      await present(proof, { uri: 'https://postern.test/a~b' });
      await refused(present(proof, { uri: 'https://POSTERN.test:443/a%7Eb?q=1' }), 'used before');
    });

    it('does not stand in the way of the same id under another key, or for another URL', async () => {
      const other = await DpopKey.create({ clock });
      await present(key.proof({ jti: 'one' }));
      await expect(present(other.proof({ jti: 'one' }))).resolves.toEqual({ jkt: other.jkt });
      const uri = 'https://postern.test/other';
      const elsewhere = present(key.proof({ jti: 'one', htu: uri }), { uri });
      await expect(elsewhere).resolves.toEqual({ jkt: key.jkt });
    });

    it('is refused by another process with the same memory', async () => {
      const twin = new ProofOfPossession({ uses, nonces: undefined, clock });
      const proof = key.proof();
      await present(proof);
      await refused(present(proof, {}, twin), 'used before');
    });

    it('is accepted exactly once of many times at once', async () => {
      const proof = key.proof();
      const all = Array.from({ length: AT_ONCE }, () => present(proof));
      const outcomes = await Promise.allSettled(all);
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    });

    it.each([-60, 0, 15])(
      'is refused as long as it is not too old, with an iat of %d s from now, whatever was purged',
      async (ahead) => {
        const iat = secondsAfter(clock.now(), ahead);
        const proof = key.proof({ iat: iat.getTime() / 1000 });
        await present(proof);
        for (let age = -ahead; age <= 90; age += 1) {
          clock.set(secondsAfter(iat, age));
          await uses.purge(clock.now());
          await refused(present(proof), age > 60 ? 'older than 60 s' : 'used before');
        }
      },
    );

    it('is remembered from its iat on, and not from now', async () => {
      const iat = secondsAfter(clock.now(), 10);
      await present(key.proof({ iat: iat.getTime() / 1000 }));
      expect([...uses.remembered.values()]).toEqual([secondsAfter(iat, 75)]);
    });

    it('is not told from a new one while the memory is away: nothing is accepted', async () => {
      uses.setReachable(false);
      await expect(present(key.proof())).rejects.toThrow(DependencyUnavailable);
    });
  });

  describe('with a handle', () => {
    it('D-11: is accepted with the hash of the handle', async () => {
      const proof = key.proof({ ath: athOf(HANDLE) });
      await expect(present(proof, { handle: HANDLE })).resolves.toEqual({ jkt: key.jkt });
    });

    it('D-11: is refused without, and with the hash of another', async () => {
      await refused(present(key.proof(), { handle: HANDLE }), 'it has no ath');
      const other = key.proof({ ath: athOf('pst_test_other') });
      await refused(present(other, { handle: HANDLE }), 'its ath is not the hash of the handle');
    });
  });

  describe('when a nonce is demanded', () => {
    const nonceKey = randomBytes(32);
    let nonces: DpopNonces;
    let demanding: ProofOfPossession;

    beforeEach(() => {
      nonces = new DpopNonces({ key: nonceKey, label: 'token' });
      demanding = new ProofOfPossession({ uses, nonces, clock });
    });

    const nonceDemanded = async (proof: string): Promise<void> => {
      const refusal: unknown = await present(proof, {}, demanding).catch((error: unknown) => error);
      expect(refusal).toBeInstanceOf(DpopNonceRequired);
      const { code, nonce } = refusal as DpopNonceRequired;
      expect(code).toBe('use_dpop_nonce');
      expect(nonces.isValid(nonce, clock.now())).toBe(true);
      await expect(present(key.proof({ nonce }), {}, demanding)).resolves.toEqual({ jkt: key.jkt });
    };

    it('D-07: asks for one that is absent, with one that is accepted then', async () => {
      await nonceDemanded(key.proof());
    });

    it('D-07: asks for another instead of one that is old, empty, made up or of the other side', async () => {
      const proxy = new DpopNonces({ key: nonceKey, label: 'proxy' });
      const old = nonces.issue(secondsAfter(clock.now(), -301));
      for (const nonce of [old, '', 'made-up', proxy.issue(clock.now())]) {
        await nonceDemanded(key.proof({ nonce }));
      }
    });

    it('D-07: accepts the one that goes with answers, and more than once', async () => {
      const nonce = demanding.nextNonce();
      for (const jti of ['one', 'two']) {
        const outcome = present(key.proof({ nonce, jti }), {}, demanding);
        await expect(outcome).resolves.toEqual({ jkt: key.jkt });
      }
    });

    it('D-07: goes on refusing proofs without one after one was given out', async () => {
      await present(key.proof({ nonce: demanding.nextNonce() }), {}, demanding);
      await nonceDemanded(key.proof());
    });

    it('D-05: refuses an iat that is far off, a good nonce or not', async () => {
      const now = clock.now().getTime() / 1000;
      for (const iat of [now - 3600, now + 3600]) {
        const proof = key.proof({ iat, nonce: demanding.nextNonce() });
        await refused(present(proof, {}, demanding), 'its iat');
        await refused(present(key.proof({ iat }), {}, demanding), 'its iat');
      }
    });

    it('gives nobody a nonce for a proof that is bad otherwise', async () => {
      await refused(present(key.proof({ htm: 'PUT' }), {}, demanding), 'htm');
      await refused(present(key.proof({}, { typ: 'JWT' }), {}, demanding), 'typ');
    });

    it('does not remember a proof that lacks the nonce, and judges the nonce before the use', async () => {
      const proof = key.proof({ jti: 'one' });
      await expect(present(proof, {}, demanding)).rejects.toThrow(DpopNonceRequired);
      expect(uses.remembered.size).toBe(0);
      await expect(present(proof, {}, demanding)).rejects.toThrow(DpopNonceRequired);
      const again = key.proof({ jti: 'one', nonce: demanding.nextNonce() });
      await expect(present(again, {}, demanding)).resolves.toEqual({ jkt: key.jkt });
      await refused(present(again, {}, demanding), 'used before');
    });
  });

  it('gives no nonce when none is demanded, and takes no notice of one', async () => {
    expect(possession.nextNonce()).toBeUndefined();
    await expect(present(key.proof({ nonce: 'any' }))).resolves.toEqual({ jkt: key.jkt });
  });
});
