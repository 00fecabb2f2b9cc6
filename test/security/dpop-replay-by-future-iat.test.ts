import fc from 'fast-check';
import { PostgresDatabase, PostgresProofUses } from '#adapters/postgres';
import { ProofOfPossession, type ProofUses } from '#handles';
import { epochSeconds, secondsAfter } from '#kernel';
import { DpopKey, FixedClock, InMemoryProofUses } from '#testing';
import { describeWithServer, type TestDatabase, testPostgres } from '#test-support';
import { PROPERTY_TIMEOUT_MS, runs } from './refused-exchange.js';

const AGE_SECONDS = 60;
const SKEW_SECONDS = 15;
const URI = 'https://postern.test/oauth2/token';

/**
 * keycloak#43505 (Spring Security's and sourcebot#1395 are alike): a `jti` was remembered from now on for as long as a
 * proof is good, so that a proof dated ahead was forgotten while it was still good. Here it is remembered from its `iat`
 * on, and by every process that may take it, whatever its clock.
 */
class Replays {
  readonly clock = new FixedClock();
  readonly #start = this.clock.now();

  constructor(
    private readonly key: DpopKey,
    private readonly uses: ProofUses,
  ) {}

  /** A proof that is dated this many seconds from now. */
  proofAhead(seconds: number): string {
    const iat = epochSeconds(this.#start) + seconds;
    return this.key.proof({ htu: URI, iat });
  }

  /** What comes of the proof this many seconds after the start, when all that may be forgotten is forgotten. */
  async presentAt(seconds: number, proof: string): Promise<string> {
    await this.uses.purge(secondsAfter(this.#start, seconds));
    return this.presentBy(seconds, proof);
  }

  /** The same, at a process whose clock stands at this many seconds; others may have purged later. */
  async presentBy(seconds: number, proof: string): Promise<string> {
    this.clock.set(secondsAfter(this.#start, seconds));
    const { uses, clock } = this;
    const possession = new ProofOfPossession({ uses, nonces: undefined, clock });
    return possession.check({ proofs: [proof], method: 'POST', uri: URI }).then(
      () => 'accepted',
      (refusal: unknown) => (refusal instanceof Error ? refusal.message : 'refused'),
    );
  }
}

const replaysOver = async (uses: ProofUses): Promise<Replays> =>
  new Replays(await DpopKey.create({ clock: new FixedClock() }), uses);

describe('a proof that is dated ahead', () => {
  it('D-06: dated 10 s ahead, is refused again at each second until iat + window + skew has passed', async () => {
    const replays = await replaysOver(new InMemoryProofUses());
    const proof = replays.proofAhead(10);
    expect(await replays.presentAt(0, proof)).toBe('accepted');
    for (let second = 0; second <= 10 + AGE_SECONDS; second += 1) {
      expect(await replays.presentAt(second, proof)).toContain('used before');
    }
    for (let second = 71; second <= 10 + AGE_SECONDS + SKEW_SECONDS + 5; second += 1) {
      expect(await replays.presentAt(second, proof)).toContain('older than 60 s');
    }
  });

  it('D-06: is refused by a process whose clock is behind that of the one which forgets', async () => {
    const replays = await replaysOver(new InMemoryProofUses());
    for (const ahead of [0, 10, SKEW_SECONDS]) {
      const proof = replays.proofAhead(ahead);
      expect(await replays.presentAt(0, proof)).toBe('accepted');
      await replays.presentAt(ahead + AGE_SECONDS + SKEW_SECONDS, 'not a proof');
      expect(await replays.presentBy(ahead + AGE_SECONDS, proof)).toContain('used before');
    }
  });

  it('D-05: is not taken at all when it is dated ahead of the skew', async () => {
    const replays = await replaysOver(new InMemoryProofUses());
    const proof = replays.proofAhead(SKEW_SECONDS + 1);
    expect(await replays.presentAt(0, proof)).toContain('in the future');
    expect(await replays.presentAt(1, proof)).toBe('accepted');
  });

  it(
    'D-06: is taken once at most, for any date and any times at which it comes',
    async () => {
      const replays = await replaysOver(new InMemoryProofUses());
      const ahead = fc.integer({ min: -AGE_SECONDS, max: SKEW_SECONDS });
      const times = fc.array(fc.integer({ min: 0, max: 120_000 }), { minLength: 2, maxLength: 6 });
      await fc.assert(
        fc.asyncProperty(ahead, times, async (seconds, milliseconds) => {
          const proof = replays.proofAhead(seconds);
          const outcomes: string[] = [];
          for (const at of [0, ...milliseconds.sort((one, other) => one - other)]) {
            outcomes.push(await replays.presentAt(at / 1_000, proof));
          }
          expect(outcomes[0]).toBe('accepted');
          expect(outcomes.slice(1)).not.toContain('accepted');
        }),
        { numRuns: runs(200) },
      );
    },
    PROPERTY_TIMEOUT_MS,
  );
});

describeWithServer('a proof that is dated ahead, remembered in PostgreSQL', 'postgres-18', () => {
  let server: TestDatabase;
  let database: PostgresDatabase;
  beforeAll(async () => {
    server = (await testPostgres(18))!;
    database = await PostgresDatabase.connect({
      url: await server.urlAs('postern_sts'),
      applicationName: 'sts',
    });
  });
  afterAll(async () => {
    await database.close();
    await server.drop();
  });

  it('D-06: is refused again until iat + window + skew has passed', async () => {
    const replays = await replaysOver(new PostgresProofUses(database));
    for (const ahead of [-AGE_SECONDS, 0, 10, SKEW_SECONDS]) {
      const proof = replays.proofAhead(ahead);
      expect(await replays.presentAt(0, proof)).toBe('accepted');
      for (const second of [0, 1, ahead + AGE_SECONDS - 1, ahead + AGE_SECONDS].filter(isLater)) {
        expect(await replays.presentAt(second, proof)).not.toBe('accepted');
      }
      await replays.presentAt(ahead + AGE_SECONDS + SKEW_SECONDS, 'not a proof');
      expect(await replays.presentBy(ahead + AGE_SECONDS, proof)).toContain('used before');
    }
  });
});

const isLater = (second: number): boolean => second >= 0;
