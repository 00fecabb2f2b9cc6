import { secondsAfter } from '#kernel';
import { describeWithServer } from '#test-support';
import { aCall, aHandle, aRotationEvent, aSubject, NOON, RuleBench } from './rule-bench.js';

const DAY = 86_400;
const HOUR = 3_600;

describeWithServer('stream rules about resources, at their boundaries', 'postgres-18', () => {
  let bench: RuleBench;
  beforeAll(async () => {
    bench = await RuleBench.open();
  });
  afterAll(() => bench.close());

  describe('D17, volume', () => {
    const MB = 1_000_000;
    const read = (resource: string, bytes: number, second = 0, handle = aHandle()) =>
      aCall(second, { handle, resource, bytes });

    it.each([
      ['100 MB', [100 * MB], []],
      ['a byte more', [100 * MB + 1], ['high']],
      ['more over the edge of the hour', [60 * MB, 60 * MB], []],
    ] as const)('judges %s in an hour', async (_, bytes, severities) => {
      const resource = aSubject();
      await bench.append(...bytes.map((count, n) => read(resource, count, n * HOUR)));
      expect((await bench.found('D17', resource)).map(({ severity }) => severity)).toEqual(
        severities,
      );
    });

    it.each([
      ['ten times the median', 200 * MB, []],
      ['more than ten times the median', 200 * MB + 1, ['high']],
      ['fifty times the median', 1_000 * MB, ['high']],
      ['more than fifty times the median', 1_000 * MB + 1, ['critical']],
    ] as const)('judges %s of the same hour of the week', async (_, bytes, severities) => {
      const resource = aSubject();
      const past = [read(resource, 15 * MB, -7 * DAY), read(resource, 25 * MB, -14 * DAY)];
      await bench.append(...past, read(resource, 900 * MB, -6 * DAY), read(resource, bytes));
      expect((await bench.found('D17', resource)).map(({ severity }) => severity)).toEqual(
        severities,
      );
    });

    describe('where fourteen days have the hour twice', () => {
      /** So many hours of a day ago on which the resource gave as much. */
      const busyHours = (resource: string, hours: number, bytes: number) =>
        Array.from({ length: hours }, (_, n) => read(resource, bytes, -DAY - n * HOUR));

      it.each([
        ['three busy hours, which are the busiest of a hundred', 3, 150 * MB, ['high']],
        ['four, and as much as twice that', 4, 300 * MB, []],
        ['four, and more than twice that', 4, 300 * MB + 1, ['high']],
      ] as const)('compares with %s', async (_, hours, bytes, severities) => {
        const resource = aSubject();
        await bench.append(...busyHours(resource, hours, 150 * MB), read(resource, bytes));
        const found = await bench.found('D17', resource);
        expect(found.map(({ severity }) => severity)).toEqual(severities);
      });

      it('is critical only when it is far above the busy hours as well', async () => {
        const [critical, high] = [aSubject(), aSubject()];
        for (const [resource, bytes] of [
          [high, 1_500 * MB],
          [critical, 1_500 * MB + 1],
        ] as const) {
          const past = [read(resource, 2, -7 * DAY), read(resource, 2, -14 * DAY)];
          await bench.append(...past, ...busyHours(resource, 4, 150 * MB), read(resource, bytes));
        }
        expect(await bench.found('D17', high)).toMatchObject([{ severity: 'high' }]);
        expect(await bench.found('D17', critical)).toMatchObject([{ severity: 'critical' }]);
      });

      it('does not compare with what came in the hour before, which may be of the same theft', async () => {
        const resource = aSubject();
        await bench.append(
          ...[0, 1, 2, 3].map((n) => read(resource, 150 * MB, -HOUR + n)),
          read(resource, 600 * MB),
        );
        expect(await bench.found('D17', resource, { from: 0, until: HOUR })).toHaveLength(1);
      });

      it('leaves it at the median where the operator has more weeks compared', async () => {
        const resource = aSubject();
        const past = [7, 14, 21].map((days) => read(resource, 15 * MB, -days * DAY));
        await bench.append(...past, ...busyHours(resource, 9, 500 * MB), read(resource, 151 * MB));
        const thresholds = { baselineDays: 21 };
        const settings = { mode: 'monitor', resources: {}, thresholds } as const;
        expect(await bench.found('D17', resource, { settings })).toMatchObject([
          { severity: 'high', threshold: 150 * MB },
        ]);
        expect(await bench.found('D17', resource)).toEqual([]);
      });
    });

    it.each([
      ['7 days', -7 * DAY, 'medium', 1],
      ['less', -7 * DAY + HOUR, 'low', 0],
    ] as const)(
      'answers for a resource that is known for %s',
      async (_, since, confidence, answers) => {
        const [resource, handle] = [aSubject(), aHandle()];
        await bench.append(read(resource, 5, since), read(resource, 200 * MB, 0, handle));
        const [found] = await bench.found('D17', handle);
        expect(found).toMatchObject({ confidence });
        expect(found?.responses).toHaveLength(answers);
      },
    );

    it('suspends the handle that it went through when it is critical, and no other', async () => {
      const [resource, guilty, innocent] = [aSubject(), aHandle(), aHandle()];
      await bench.append(read(resource, 2 * MB, -7 * DAY), read(resource, 2 * MB, -14 * DAY));
      await bench.append(read(resource, 500 * MB, 0, guilty), read(resource, MB, 0, innocent));
      expect(await bench.found('D17', guilty)).toMatchObject([
        {
          severity: 'critical',
          responses: [{ action: 'suspend_handle', target: `handle:${guilty}` }],
        },
      ]);
      expect(await bench.found('D17', innocent)).toEqual([]);
      expect(await bench.found('D17', resource)).toMatchObject([
        { severity: 'critical', responses: [] },
      ]);
    });
  });

  describe('D21, odd rotations', () => {
    it.each([
      ['two in an hour', [0, HOUR], 0],
      ['three in an hour', [0, 1, HOUR], 3],
      ['three in more', [0, 1, HOUR + 0.001], 0],
    ] as const)('judges %s', async (_, seconds, observed) => {
      const resource = aSubject();
      await bench.append(...seconds.map((second) => aRotationEvent(resource, second)));
      const found = await bench.found('D21', resource);
      expect(Math.max(0, ...found.map((candidate) => candidate.observed))).toBe(observed);
    });

    it('tells of a version that went back, and of none that went on', async () => {
      const [back, on] = [aSubject(), aSubject()];
      await bench.append(
        aRotationEvent(back, 0, { from: 4, to: 3 }),
        aRotationEvent(on, 0, { from: 3, to: 4 }),
      );
      expect(await bench.found('D21', back)).toHaveLength(1);
      expect(await bench.found('D21', on)).toEqual([]);
    });
  });

  it('refuses a rule that it has no text for, and a threshold that a rule has not', async () => {
    const span = { from: NOON, until: secondsAfter(NOON, 1) };
    const settings = { mode: 'monitor', resources: {}, thresholds: {} } as const;
    await expect(bench.evaluator.evaluate('D01', settings, span)).rejects.toThrow('D01');
    expect(bench.evaluator.rules).toEqual(expect.not.arrayContaining(['D05']));
    expect(await bench.evaluator.evaluate('D07', settings, { from: NOON, until: NOON })).toEqual(
      [],
    );
  });
});
