import { type RotationState } from '#events';
import { isEnded } from '#rotation';
import { describeWithServer } from '#test-support';
import { until } from '../support/until.js';
import { type SteadyCallers } from './vault-trouble-calls.js';
import { VaultTroubleWorld } from './vault-trouble-world.js';

const IS_LONG = process.env['POSTERN_TEST_VOLUME'] === 'long';
/** Calls that have to get through in each trouble. */
const CALLS_MIN = 40;
/** In the long run the proxy asks the store again in each trouble: every 10 seconds and a fifth. */
const TROUBLE_MS_MIN = IS_LONG ? 15_000 : 0;
const WITHDRAWN_MS_MAX = 20_000;
const TIMEOUT_MS = IS_LONG ? 300_000 : 180_000;

interface Trouble {
  readonly name: string;
  begin(): Promise<void>;
  end(): Promise<void>;
}

describeWithServer('calls through a proxy while Vault has trouble', 'postgres-18', () => {
  describeWithServer('in each step of a rotation', 'openbao', () => {
    let world: VaultTroubleWorld;
    let callers: SteadyCallers;

    beforeAll(async () => {
      world = await VaultTroubleWorld.start();
    }, 180_000);
    afterAll(() => world.stop(), 30_000);
    beforeEach(async () => {
      callers = await world.callers();
      await until('calls get through', () => {
        expect(callers.failures).toEqual([]);
        return callers.accepted >= CALLS_MIN;
      });
    });
    afterEach(() => callers.end());

    const troubles: readonly Trouble[] = [
      {
        name: 'permits its rotator nothing any more',
        begin: () => world.forbid('rotator'),
        end: () => world.permit('rotator'),
      },
      {
        name: 'is stopped and started again',
        begin: () => world.bao.stop(),
        end: async () => {
          await world.bao.start();
          await world.bao.unseal();
        },
      },
      { name: 'revokes all logins', begin: () => world.revokeLogins(), end: async () => undefined },
      { name: 'is sealed', begin: () => world.bao.seal(), end: () => world.bao.unseal() },
    ];
    const states = ['staged', 'applied', 'promoting', 'promoted'] as const;
    /** Which trouble there is in which state; each meets each in the long run. */
    const courses = [0, 1, 2, 3].slice(0, IS_LONG ? 4 : 1).map((shift) => ({
      course: states.map((state, index) => ({
        ...{ state, trouble: troubles[(index + shift) % troubles.length]! },
      })),
    }));

    it.each(courses.map(({ course }) => ({ course, told: toldOf(course) })))(
      'go on when it $told',
      async ({ course }) => {
        await world.rotator.request();
        for (const { state, trouble } of course) {
          await world.rotator.to(state);
          await newestIsUsed();
          await trouble.begin();
          await callThrough(CALLS_MIN, state);
          await trouble.end();
        }
        await world.rotator.to('done');
        await newestIsUsed();
        expect(callers.failures).toEqual([]);
        expect(world.account.valid.size).toBe(1);
      },
      TIMEOUT_MS,
    );

    it('are seen to fail when the legacy system takes neither value', async () => {
      const { valid } = world.account;
      world.account.valid = new Set(['of somebody else']);
      await until('a call fails', () => callers.failures.length > 0);
      world.account.valid = valid;
      expect(callers.failures[0]).toMatch(/^(401|503) /);
      // Calls may be stopped by now: only a rotator that sees the value work lets them go on.
      await world.rotator.closeBreaker();
      await callsGetThroughAgain();
    });

    if (IS_LONG) {
      it(
        'are seen to fail when the proxy itself may not read the secret any more',
        async () => {
          await world.forbid('proxy');
          await until('a call fails', () => callers.failures.length > 0, WITHDRAWN_MS_MAX);
          await world.permit('proxy');
          await callsGetThroughAgain();
        },
        4 * WITHDRAWN_MS_MAX,
      );
    }

    /** So that what a test did to them is over for the next one: so many in a row. */
    const callsGetThroughAgain = async (): Promise<void> => {
      let [failed, from] = [callers.failures.length, callers.accepted];
      await until(
        'calls get through again',
        () => {
          if (callers.failures.length > failed) {
            [failed, from] = [callers.failures.length, callers.accepted];
          }
          return callers.accepted >= from + CALLS_MIN;
        },
        WITHDRAWN_MS_MAX,
      );
    };

    /** The rotation tries to go on meanwhile; where it can, it stops in the state that comes next. */
    const callThrough = async (calls: number, stop: RotationState): Promise<void> => {
      const { accepted } = callers;
      const endMs = performance.now() + TROUBLE_MS_MIN;
      const reads = await world.reads();
      await until(
        `${calls} calls get through`,
        async () => {
          const before = await world.rotator.rotation();
          const { state } = before.state === stop ? await world.rotator.step('now') : before;
          expect({ isEnded: isEnded(state), failures: callers.failures }).toEqual({
            ...{ isEnded: false, failures: [] },
          });
          return callers.accepted >= accepted + calls && performance.now() > endMs;
        },
        TROUBLE_MS_MIN + 20_000,
      );
      if (IS_LONG) expect(await world.reads()).toBeGreaterThan(reads);
    };

    /** Calls go on with what is current, and the proxy has it by now. */
    const newestIsUsed = async (): Promise<void> => {
      const { letIn } = world.backend;
      const before = new Map(letIn);
      const newest = await world.rotator.currentValue();
      const count = (of: ReadonlyMap<string, number>): number => of.get(newest) ?? 0;
      await until('calls use the current value', () => count(letIn) > count(before));
    };
  });
});

function toldOf(
  course: readonly { readonly state: RotationState; readonly trouble: Trouble }[],
): string {
  return course.map(({ state, trouble }) => `${trouble.name} at ${state}`).join(', ');
}
