import fc from 'fast-check';
import { type LoginBudget, type Reservation } from '#rotation';
import { TEST_ROTATED_REF } from './rotation-builders.js';
import { type RotationStoresUnderTest } from './rotation-stores-under-test.js';

const OTHER_REF = { mount: 'kv', path: TEST_ROTATED_REF.path };
const ALLOWANCE = { failuresMax: 2, perSeconds: 900 };
/** A login that was begun has failed by then. */
const LOGIN_SECONDS_MAX = 30;

/** Real time that the steps of a test take at most. */
const TEST_SECONDS_MAX = 5;

/** What every LoginBudget must do. Each test has empty stores. */
export function loginBudgetContract(make: () => Promise<RotationStoresUnderTest>): void {
  describe('as the budget of failing logins', () => {
    let under: RotationStoresUnderTest;

    beforeEach(async () => {
      under = await make();
    });
    afterEach(() => under.close());

    const reserve = (
      budget: LoginBudget = under.budget,
      allowance = ALLOWANCE,
    ): Promise<Reservation> => budget.reserve(TEST_ROTATED_REF, allowance);
    const reservedId = async (): Promise<string> => {
      const reservation = await reserve();
      expect(reservation).toEqual({ kind: 'reserved', id: expect.any(String) as unknown });
      return (reservation as { id: string }).id;
    };
    const fail = async (): Promise<void> =>
      under.budget.settle(TEST_ROTATED_REF, await reservedId(), 'fail');
    const secondsUntil = (reservation: Reservation): number =>
      reservation.kind === 'spent'
        ? (reservation.until.getTime() - under.now().getTime()) / 1000
        : Number.NaN;

    it('lets no more logins fail than are allowed, in all processes together', async () => {
      await fail();
      await fail();
      const spent = await reserve(under.otherBudget);
      expect(spent.kind).toBe('spent');
      expect(secondsUntil(spent)).toBeCloseTo(900, -1);
    });

    it('is a budget of each credential of its own', async () => {
      await fail();
      await fail();
      expect(await under.budget.reserve(OTHER_REF, ALLOWANCE)).toMatchObject({ kind: 'reserved' });
    });

    it.each(['ok', 'unreachable'] as const)('gives back what came out as %s', async (result) => {
      for (let nth = 0; nth < 5; nth += 1) {
        await under.otherBudget.settle(TEST_ROTATED_REF, await reservedId(), result);
      }
      expect(await reserve()).toMatchObject({ kind: 'reserved' });
    });

    it('counts what is under way, and asks to come back soon', async () => {
      const [first] = [await reservedId(), await reservedId()];
      const spent = await reserve(under.otherBudget);
      expect(secondsUntil(spent)).toBeGreaterThan(0);
      expect(secondsUntil(spent)).toBeLessThanOrEqual(6);
      await under.budget.settle(TEST_ROTATED_REF, first, 'ok');
      expect(await reserve(under.otherBudget)).toMatchObject({ kind: 'reserved' });
    });

    it('has spent what a process reserved that died, from the moment at which it may have failed', async () => {
      await reservedId();
      await reservedId();
      await under.pass(LOGIN_SECONDS_MAX + 5);
      expect(secondsUntil(await reserve())).toBeCloseTo(895, -1);
      await under.pass(890);
      expect(await reserve()).toMatchObject({ kind: 'spent' });
      await under.pass(10);
      expect(await reserve()).toMatchObject({ kind: 'reserved' });
    });

    it('frees one after the other, each when it is old enough', async () => {
      await fail();
      await under.pass(100);
      await fail();
      await under.pass(790);
      expect(secondsUntil(await reserve())).toBeCloseTo(10, -1);
      await under.pass(11);
      await fail();
      expect(secondsUntil(await reserve())).toBeCloseTo(99, -1);
    });

    it('counts a failure from when it came out, and only once', async () => {
      const id = await reservedId();
      await under.pass(20);
      await under.budget.settle(TEST_ROTATED_REF, id, 'fail');
      await under.pass(500);
      await under.budget.settle(TEST_ROTATED_REF, id, 'fail');
      await fail();
      expect(secondsUntil(await reserve())).toBeCloseTo(400, -1);
    });

    it('goes by the allowance of who asks', async () => {
      await fail();
      expect(await reserve(under.budget, { failuresMax: 1, perSeconds: 900 })).toMatchObject({
        kind: 'spent',
      });
      await under.pass(61);
      expect(await reserve(under.budget, { failuresMax: 1, perSeconds: 60 })).toMatchObject({
        kind: 'reserved',
      });
    });

    it('permits none when none may fail', async () => {
      const none = await reserve(under.budget, { failuresMax: 0, perSeconds: 900 });
      expect(none.kind).toBe('spent');
      expect(secondsUntil(none)).toBeGreaterThan(0);
    });

    it('is given by settling what is not there to nobody', async () => {
      await fail();
      await fail();
      await under.budget.settle(TEST_ROTATED_REF, 'login_none', 'ok');
      expect(await reserve()).toMatchObject({ kind: 'spent' });
    });

    it('lets no more fail in any span of time, whatever comes out when, and whoever dies', async () => {
      const outcome = fc.constantFrom('ok', 'unreachable', 'fail', 'die');
      const seconds = fc.constantFrom(0, 3, 40, 200, 445, 870, 895);
      const tries = fc.array(fc.tuple(outcome, seconds), { minLength: 8, maxLength: 12 });
      let account = 0;
      await fc.assert(
        fc.asyncProperty(tries, async (all) => {
          const ref = { mount: 'secret', path: `account-${(account += 1)}` };
          const failedAt: number[] = [];
          let passed = 0;
          for (const [result, pause] of all) {
            const reservation = await under.budget.reserve(ref, ALLOWANCE);
            if (reservation.kind === 'reserved' && result !== 'die')
              await under.otherBudget.settle(ref, reservation.id, result);
            if (reservation.kind === 'reserved' && result === 'fail') failedAt.push(passed);
            // Its last login was sent late, and nobody heard of the answer.
            if (reservation.kind === 'reserved' && result === 'die')
              failedAt.push(passed + LOGIN_SECONDS_MAX);
            await under.pass(pause);
            passed += pause;
          }
          const sorted = failedAt.sort((one, other) => one - other);
          for (const [nth, at] of sorted.entries()) {
            const third = sorted[nth + ALLOWANCE.failuresMax] ?? Number.POSITIVE_INFINITY;
            expect(third - at).toBeGreaterThan(ALLOWANCE.perSeconds - TEST_SECONDS_MAX);
          }
        }),
        { numRuns: 5 },
      );
    }, 60_000);

    it('is exact, however many ask at once', async () => {
      const all = await Promise.all(
        Array.from({ length: 64 }, (_, nth) =>
          reserve(nth % 2 === 0 ? under.budget : under.otherBudget),
        ),
      );
      expect(all.filter(({ kind }) => kind === 'reserved')).toHaveLength(2);
      expect(all.filter(({ kind }) => kind === 'spent')).toHaveLength(62);
    });
  });
}
