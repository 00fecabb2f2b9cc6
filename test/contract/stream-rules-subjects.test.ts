import { type Candidate } from '#detection';
import { aDeniedCall, aDeniedExchange, anActor, aPermittedExchange } from '#testing';
import { describeWithServer } from '#test-support';
import {
  aHandle,
  anAddress,
  anExchange,
  anExchangeOf,
  aSubject,
  at,
  networkOfAddress,
  RuleBench,
  times,
} from './rule-bench.js';

const DAY = 86_400;
const HOUR = 3_600;

/** What is observed most; a window that slides over a bucket's edge is found in both. */
const most = (found: readonly Candidate[]): number[] =>
  found.length === 0 ? [] : [Math.max(...found.map(({ observed }) => observed))];

describeWithServer('stream rules about subjects, at their boundaries', 'postgres-18', () => {
  let bench: RuleBench;
  beforeAll(async () => {
    bench = await RuleBench.open();
  });
  afterAll(() => bench.close());

  describe('D12, enumeration', () => {
    const refused = (subject: string, targets: number, seconds = 600) =>
      times(targets, (n) =>
        aDeniedExchange(
          { actor: anActor(subject), reason: 'not_allowed', resource: `r${n}` },
          at(n === targets - 1 ? seconds : 0),
        ),
      );

    it.each([
      ['4 resources', 4, 600, []],
      ['5 resources', 5, 600, [5]],
      ['6 resources', 6, 600, [6]],
      ['5 resources in more than 10 minutes', 5, 600.001, []],
    ] as const)('judges %s that were refused', async (_, targets, seconds, observed) => {
      const subject = aSubject();
      await bench.append(...refused(subject, targets, seconds));
      expect(most(await bench.found('D12', subject))).toEqual(observed);
    });

    it('does not count one resource again and again, nor what failed by itself', async () => {
      const [again, outage] = [aSubject(), aSubject()];
      const denied = (
        subject: string,
        resource: string,
        reason: 'not_allowed' | 'internal_error',
      ) => aDeniedExchange({ actor: anActor(subject), reason, resource });
      await bench.append(
        ...times(30, () => denied(again, 'r', 'not_allowed')),
        ...times(30, (n) => denied(outage, `r${n}`, 'internal_error')),
      );
      expect(await bench.found('D12', again)).toEqual([]);
      expect(await bench.found('D12', outage)).toEqual([]);
    });

    it('puts refused calls down to the subject of their handle, and to the zone when there is none', async () => {
      const [subject, handle, ip] = [aSubject(), aHandle(), anAddress()];
      await bench.append(
        anExchangeOf(handle, -60, { actor: anActor(subject) }),
        ...times(5, (n) =>
          aDeniedCall({ handle_id: handle, reason: 'resource_mismatch', resource: `r${n}` }, at(n)),
        ),
        ...times(5, (n) =>
          aDeniedCall({ reason: 'missing_handle', resource: `r${n}`, client: { ip } }, at(n)),
        ),
      );
      expect(await bench.found('D12', subject)).toMatchObject([
        { entity: { type: 'subject' }, observed: 5 },
      ]);
      expect(await bench.found('D12', networkOfAddress(ip))).toMatchObject([
        { entity: { type: 'source' }, subjectId: undefined },
      ]);
    });
  });

  describe('D13, what is seen for the first time', () => {
    const today = { from: 0, until: 1 };
    // The day of NOON began twelve hours before.
    it.each([
      ['never before', [], [1]],
      ['on that day alone', [-HOUR], [1]],
      ['an hour before the day', [-13 * HOUR - 1], []],
      ['less than an hour before the day', [-13 * HOUR], [1]],
      ['30 days before the day', [-30.5 * DAY], []],
      ['longer before', [-30.5 * DAY - 1], [1]],
    ] as const)('judges a resource that was used %s', async (_, seconds, observed) => {
      const subject = aSubject();
      await bench.append(...[...seconds, 0].map((second) => anExchange(subject, second)));
      const found = await bench.found('D13', subject, today);
      expect(found.map((candidate) => candidate.observed)).toEqual(observed);
    });

    it('tells of a new zone as of a new resource, and of nothing that was denied', async () => {
      const subject = aSubject();
      await bench.append(
        anExchange(subject, -2 * DAY),
        anExchange(subject, 0),
        aDeniedExchange({ actor: anActor(subject), resource: 'denied' }, at(0)),
      );
      expect(await bench.found('D13', subject, today)).toEqual([]);
      await bench.append(
        anExchange(subject, 0, { ip: anAddress() }),
        anExchange(subject, 0, { resource: 'new' }),
      );
      expect(await bench.found('D13', subject, today)).toMatchObject([
        { observed: 2, severity: 'low' },
      ]);
    });
  });

  it('D13 is more than a note for a sensitive resource in the highest environment, and there alone', async () => {
    const today = { from: 0, until: 1 };
    const [sensitive, usual, elsewhere] = [aSubject(), aSubject(), aSubject()];
    await bench.append(
      anExchange(sensitive, 0, { resource: 'vault-room' }),
      anExchange(usual, 0, { resource: 'vault' }),
      aPermittedExchange(
        { actor: anActor(elsewhere), granted_resource: 'vault-room', env: 'staging' },
        { ...at(0), environment: 'staging' },
      ),
    );
    expect(await bench.found('D13', sensitive, today)).toMatchObject([{ severity: 'medium' }]);
    expect(await bench.found('D13', usual, today)).toMatchObject([{ severity: 'low' }]);
    expect(await bench.found('D13', elsewhere, today)).toMatchObject([{ severity: 'low' }]);
  });

  it('D15 tells of a resource of two applications on one day, and not of one', async () => {
    const [one, other, resource, alone] = [aSubject(), aSubject(), aSubject(), aSubject()];
    await bench.append(
      anExchange(one, 0, { resource }),
      anExchange(other, 43_199, { resource }),
      anExchange(one, 0, { resource: alone }),
      anExchange(other, 43_200, { resource: alone }),
    );
    const day = { from: 0, until: 50_000 };
    expect(await bench.found('D15', resource, day)).toMatchObject([
      { observed: 2, entity: { type: 'resource' } },
    ]);
    expect(await bench.found('D15', alone, day)).toEqual([]);
  });
});
