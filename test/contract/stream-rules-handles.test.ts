import { secondsAfter } from '#kernel';
import { aDeniedCall, anActor } from '#testing';
import { describeWithServer } from '#test-support';
import {
  aCall,
  aHandle,
  anAddress,
  anExchangeOf,
  at,
  networkOfAddress,
  NOON,
  RuleBench,
  times,
} from './rule-bench.js';

const ONE = { user_agent: 'settler/1.0' };
const OTHER = { user_agent: 'python-requests/2.32' };

describeWithServer('stream rules about handles, at their boundaries', 'postgres-18', () => {
  let bench: RuleBench;
  beforeAll(async () => {
    bench = await RuleBench.open();
  });
  afterAll(() => bench.close());

  describe('D05, a handle used again and again after its end', () => {
    const expired = (handle_id: string, second: number, count?: number) =>
      aDeniedCall(
        { handle_id, reason: 'expired', ...(count === undefined ? {} : { count }) },
        at(second),
      );

    it.each([
      ['19 uses', times(19, (n) => n), 0],
      ['20 uses', times(20, (n) => n), 20],
      ['21 uses', times(21, (n) => n), 21],
      ['20 uses in 5 minutes', [...times(19, () => 0), 300], 20],
      ['20 uses in more', [...times(19, () => 0), 300.001], 0],
    ])('%s: finds %#', async (_, seconds, observed) => {
      const handle = aHandle();
      await bench.append(...seconds.map((second) => expired(handle, second)));
      const found = await bench.found('D05', handle);
      expect(Math.max(0, ...found.map((candidate) => candidate.observed))).toBe(observed);
    });

    it('counts what a summed event stands for, and no other reason', async () => {
      const [summed, others] = [aHandle(), aHandle()];
      await bench.append(expired(summed, 0, 20));
      await bench.append(
        ...times(30, (n) => aDeniedCall({ handle_id: others, reason: 'revoked' }, at(n))),
      );
      expect(await bench.found('D05', summed)).toHaveLength(1);
      expect(await bench.found('D05', others)).toEqual([]);
    });
  });

  describe('D07, one handle and two clients', () => {
    const [here, there] = [anAddress(), anAddress()];
    const used = async (
      calls: readonly (readonly [second: number, ip: string, agent: typeof ONE])[],
      exchange: Parameters<typeof anExchangeOf>[2] = {},
    ) => {
      const handle = aHandle();
      await bench.append(
        anExchangeOf(handle, -60, exchange),
        ...calls.map(([second, ip, agent]) => aCall(second, { handle, client: { ip, ...agent } })),
      );
      return (await bench.found('D07', handle)).map(({ severity }) => severity);
    };

    it.each([
      [
        'of one client',
        [
          [0, here, ONE],
          [5, here, ONE],
          [9, here, ONE],
        ],
        [],
      ],
      [
        'that goes from one client to another and stays there',
        [
          [0, here, ONE],
          [5, there, OTHER],
          [9, there, OTHER],
        ],
        [],
      ],
      [
        'of two clients in turns',
        [
          [0, here, ONE],
          [5, there, OTHER],
          [9, here, ONE],
        ],
        ['high'],
      ],
      [
        'of two zones with one kind of client',
        [
          [0, here, ONE],
          [5, there, ONE],
          [9, here, ONE],
        ],
        ['low'],
      ],
      [
        'of one zone with two kinds of client',
        [
          [0, here, ONE],
          [5, here, OTHER],
          [9, here, ONE],
        ],
        ['low'],
      ],
      [
        'of two clients in turns in 10 minutes',
        [
          [0, here, ONE],
          [5, there, OTHER],
          [600, here, ONE],
        ],
        ['high'],
      ],
      [
        'of two clients in turns in more',
        [
          [0, here, ONE],
          [5, there, OTHER],
          [600.001, here, ONE],
        ],
        [],
      ],
    ] as const)('judges one %s', async (_, calls, severities) => {
      expect(await used(calls)).toEqual(severities);
    });

    it('leaves one that is bound to a key alone, and one whose exchange it does not know', async () => {
      const turns = [
        [0, here, ONE],
        [5, there, OTHER],
        [9, here, ONE],
      ] as const;
      expect(await used(turns, { binding: 'mtls' })).toEqual([]);
      const handle = aHandle();
      await bench.append(
        ...turns.map(([second, ip, agent]) => aCall(second, { handle, client: { ip, ...agent } })),
      );
      expect(await bench.found('D07', handle)).toEqual([]);
    });

    it('suspends that handle and nothing else, and only when both differ', async () => {
      const handle = aHandle();
      await bench.append(
        anExchangeOf(handle, -60),
        ...(
          [
            [0, here, ONE],
            [5, there, OTHER],
            [9, here, ONE],
          ] as const
        ).map(([second, ip, agent]) => aCall(second, { handle, client: { ip, ...agent } })),
      );
      const [candidate] = await bench.found('D07', handle);
      expect(candidate).toMatchObject({
        entity: { type: 'handle', id: handle },
        startAt: NOON,
        endAt: secondsAfter(NOON, 9),
        subjectId: 'sub_1',
        resource: 'ledger',
        observed: 2,
        responses: [{ action: 'suspend_handle', target: `handle:${handle}`, seconds: 900 }],
      });
      expect(candidate!.evidence).toHaveLength(3);
    });

    it('asks for as many clients as its thresholds say', async () => {
      const handle = aHandle();
      const third = anAddress();
      const settings = {
        mode: 'monitor',
        resources: {},
        thresholds: { zones: 3, agents: 3 },
      } as const;
      const calls = [
        [0, here, ONE],
        [5, there, OTHER],
        [9, here, ONE],
      ] as const;
      await bench.append(
        anExchangeOf(handle, -60),
        ...calls.map(([second, ip, agent]) => aCall(second, { handle, client: { ip, ...agent } })),
      );
      expect(await bench.found('D07', handle, { settings })).toEqual([]);
      await bench.append(aCall(12, { handle, client: { ip: third, user_agent: 'x/1' } }));
      expect(await bench.found('D07', handle, { settings })).toHaveLength(1);
    });
  });

  describe('D08, guessed handles', () => {
    interface Guesses {
      readonly count: number;
      readonly valid: boolean;
      readonly seconds?: number;
    }
    const guesses = (ip: string, { count, valid, seconds = 300 }: Guesses) =>
      times(count, (n) =>
        aDeniedCall(
          { checksum_ok: valid, reason: valid ? 'unknown' : 'malformed', client: { ip } },
          at(n === count - 1 ? seconds : 0),
        ),
      );

    it.each([
      ['9 that are well made', { count: 9, valid: true }, []],
      ['10 that are well made', { count: 10, valid: true }, ['high']],
      [
        '10 that are well made, in more than 5 minutes',
        { count: 10, valid: true, seconds: 300.001 },
        [],
      ],
      ['49 that are not', { count: 49, valid: false }, []],
      ['50 that are not', { count: 50, valid: false }, ['low']],
      ['51 that are not', { count: 51, valid: false }, ['low']],
    ] as const)('judges %s', async (_, guessed, severities) => {
      const ip = anAddress();
      await bench.append(...guesses(ip, guessed));
      const found = await bench.found('D08', networkOfAddress(ip));
      expect([...new Set(found.map(({ severity }) => severity))]).toEqual(severities);
    });

    it('does not count handles that are known, nor requests without one', async () => {
      const ip = anAddress();
      const client = { ip };
      await bench.append(
        ...times(20, (n) =>
          aDeniedCall({ client, handle_id: aHandle(), reason: 'expired' }, at(n)),
        ),
        ...times(60, (n) =>
          aDeniedCall({ client, checksum_ok: false, reason: 'missing_handle' }, at(n)),
        ),
      );
      expect(await bench.found('D08', networkOfAddress(ip))).toEqual([]);
    });
  });

  describe('D14, a person with the handle of a workload', () => {
    const used = async (
      client: { ip: string; user_agent?: string },
      subject_kind: 'workload' | 'person',
    ) => {
      const handle = aHandle();
      const actor = { ...anActor(), subject_kind } as ReturnType<typeof anActor>;
      await bench.append(anExchangeOf(handle, 0, { actor }), aCall(1, { handle, client }));
      return bench.found('D14', handle);
    };

    it.each(['curl/8.5.0', 'Mozilla/5.0 (X11)', 'HTTPie/3.2', 'PostmanRuntime/7.39'])(
      'tells of %s',
      async (user_agent) => {
        expect(await used({ ip: '10.9.9.9', user_agent }, 'workload')).toHaveLength(1);
      },
    );

    it('tells of a VPN, whatever the client is', async () => {
      expect(await used({ ip: 'vpn', ...ONE }, 'workload')).toHaveLength(1);
    });

    it('tells of no program, of no unknown client, and of no handle of a person', async () => {
      expect(await used({ ip: '10.9.9.9', ...ONE }, 'workload')).toEqual([]);
      expect(await used({ ip: '10.9.9.9' }, 'workload')).toEqual([]);
      expect(await used({ ip: '10.9.9.9', user_agent: 'curl/8.5.0' }, 'person')).toEqual([]);
    });
  });
});
