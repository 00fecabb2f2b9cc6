import { type Candidate } from '#detection';
import { describeWithServer } from '#test-support';
import { anAddress, anExchange, aSubject, RuleBench, times } from './rule-bench.js';

const DAY = 86_400;
const HOUR = 3_600;

/** What is observed most; a window that slides over a bucket's edge is found in both. */
const most = (found: readonly Candidate[]): number[] =>
  found.length === 0 ? [] : [Math.max(...found.map(({ observed }) => observed))];

describeWithServer('stream rules about exchanges, at their boundaries', 'postgres-18', () => {
  let bench: RuleBench;
  beforeAll(async () => {
    bench = await RuleBench.open();
  });
  afterAll(() => bench.close());

  describe('D10, a burst of exchanges', () => {
    const burst = (subject: string, count: number, second = 0, ip = '10.9.9.9') =>
      times(count, (n) => anExchange(subject, second + n / 1_000, { ip }));

    it.each([
      ['20 in 5 minutes', 20, 0, []],
      ['21 in 5 minutes', 21, 0, [21]],
      ['21 over the edge of the 5 minutes', 21, 299.98, []],
    ] as const)('judges %s', async (_, count, second, observed) => {
      const subject = aSubject();
      await bench.append(...burst(subject, count, second));
      expect((await bench.found('D10', subject)).map((found) => found.observed)).toEqual(observed);
    });

    it.each([
      ['five times what is usual', 30, []],
      ['more than five times what is usual', 31, [31]],
    ] as const)('judges %s', async (_, count, observed) => {
      const subject = aSubject();
      await bench.append(...times(20, (day) => burst(subject, 6, -day * 12 * HOUR - 7_000)).flat());
      await bench.append(...burst(subject, count));
      expect((await bench.found('D10', subject)).map((found) => found.observed)).toEqual(observed);
    });

    it.each([
      ['what ended an hour before is usual', -HOUR - 300, []],
      ['what came later is not', -HOUR, [30]],
      ['what came 14 days before is usual', -14 * DAY, []],
      ['what came before that is not', -14 * DAY - 1, [30]],
    ] as const)('compares with the past: %s', async (_, second, observed) => {
      const subject = aSubject();
      await bench.append(...burst(subject, 6, second), ...burst(subject, 30));
      const found = await bench.found('D10', subject, { from: 0, until: 300 });
      expect(found.map((candidate) => candidate.observed)).toEqual(observed);
    });

    it('does not take a workload that has grown for a burst, but a part of it that asks too much', async () => {
      const subject = aSubject();
      await bench.append(...times(5, (day) => burst(subject, 4, -day * DAY - 7_000)).flat());
      await bench.append(...times(10, (n) => burst(subject, 4, n, anAddress())).flat());
      expect(await bench.found('D10', subject)).toEqual([]);
      await bench.append(...burst(subject, 25, 30, anAddress()));
      expect((await bench.found('D10', subject)).map((found) => found.observed)).toEqual([25]);
    });
  });

  describe('D11, a harvest of credentials', () => {
    const asked = (subject: string, resources: number, seconds = 600, begin = 0) =>
      times(resources, (n) =>
        anExchange(subject, begin + (n === resources - 1 ? seconds : 0), { resource: `r${n}` }),
      );

    it.each([
      ['4 resources', 4, 600, []],
      ['5 resources', 5, 600, [5]],
      ['6 resources', 6, 600, [6]],
      ['5 resources in more than 10 minutes', 5, 600.001, []],
    ] as const)('judges %s', async (_, resources, seconds, observed) => {
      const subject = aSubject();
      await bench.append(...asked(subject, resources, seconds));
      expect(most(await bench.found('D11', subject))).toEqual(observed);
    });

    it.each([
      ['two more than ever', 6, []],
      ['three more than ever', 7, [7]],
    ] as const)('judges %s', async (_, resources, observed) => {
      const subject = aSubject();
      await bench.append(...asked(subject, 4, 1, -10 * DAY), ...asked(subject, resources));
      const found = await bench.found('D11', subject);
      expect(found.map((candidate) => candidate.observed)).toEqual(observed);
    });

    it('steps down a subject that it has known for 7 days, and only tells of one that it has not', async () => {
      const [known, fresh] = [aSubject(), aSubject()];
      await bench.append(anExchange(known, -7 * DAY), ...asked(known, 5, 0));
      await bench.append(anExchange(fresh, -7 * DAY + 600), ...asked(fresh, 5, 0));
      const [one] = await bench.found('D11', known);
      const [other] = await bench.found('D11', fresh);
      expect(one).toMatchObject({ confidence: 'high', responses: [{ action: 'step_down' }] });
      expect(other).toMatchObject({ confidence: 'low', responses: [] });
    });

    it('counts a resource once, however often it is asked for', async () => {
      const subject = aSubject();
      await bench.append(...times(20, (n) => anExchange(subject, n, { resource: `r${n % 4}` })));
      expect(await bench.found('D11', subject)).toEqual([]);
    });
  });
});
