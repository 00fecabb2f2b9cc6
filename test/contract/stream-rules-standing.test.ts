import { randomUUID } from 'node:crypto';
import { accessEventId, type Candidate, shippedRules, type VaultAccess } from '#detection';
import { type RecordedEvent } from '#events';
import { randomId, secondsAfter } from '#kernel';
import { aPermittedExchange, aRecordedEvent } from '#testing';
import { describeWithServer } from '#test-support';
import { aRotationEvent, aSubject, at, NOON, RuleBench } from './rule-bench.js';

const DAY = 86_400;
const HOUR = 3_600;

interface Listed {
  readonly grants?: readonly string[];
  readonly resources?: readonly string[];
  readonly unusedAfterDays?: number;
  readonly deployment?: string;
}

/** What control tells once a day. */
function aListing(second: number, { grants = [], resources = [], ...told }: Listed): RecordedEvent {
  const { unusedAfterDays: days, deployment } = told;
  const data = {
    grant_set_digest: 'a'.repeat(64),
    grants: grants.map((id) => ({
      grant_id: id,
      ...(days === undefined ? {} : { unused_after_days: days }),
    })),
    resources: [...resources],
  };
  const place = { ...at(second), partitionKey: 'policy/standing' };
  return aRecordedEvent('dev.postern.policy.listed.v1', data, {
    ...place,
    ...(deployment === undefined ? {} : { deployment }),
  });
}

const aUse = (grant: string, second: number, deployment?: string): RecordedEvent =>
  aPermittedExchange(
    { grant_id: grant },
    { ...at(second), ...(deployment === undefined ? {} : { deployment }) },
  );

/** A step of a rotation that is under way. */
const aStep = (rotationId: string, resource: string, state: 'promoted' | 'done', second: number) =>
  aRecordedEvent(
    `dev.postern.rotation.${state}.v1`,
    {
      ...{ rotation_id: rotationId, resource, kind: 'dual_slot', trigger: 'schedule', attempt: 1 },
      ...{ state, prev_state: state === 'done' ? 'retiring' : 'promoting' },
    } as never,
    { ...at(second), partitionKey: resource },
  );

const anAccess = (
  resource: string,
  second: number,
  more: Partial<VaultAccess> = {},
): VaultAccess => ({
  requestId: randomUUID(),
  at: secondsAfter(NOON, second),
  operation: 'read',
  resource,
  path: `secret/data/${resource}`,
  entityId: '7b8f8fb3-244a-807c-c5b0-7884a85eeb00',
  ...more,
});

const told = (found: readonly Candidate[]) =>
  found.map(({ severity, observed }) => [severity, observed]);

describeWithServer('rules about what is there, at their boundaries', 'postgres-18', () => {
  let bench: RuleBench;
  beforeAll(async () => {
    bench = await RuleBench.open();
  });
  afterAll(() => bench.close());

  describe('D16, a grant that nobody uses', () => {
    it.each([
      ['29 days and some', -30 * DAY + 1, []],
      ['30 days', -30 * DAY, [['low', 30]]],
      ['59 days', -60 * DAY + 1, [['low', 59]]],
      ['60 days', -60 * DAY, [['medium', 60]]],
    ])('judges one that was not used for %s', async (_, lastUse, found) => {
      const grant = aSubject();
      await bench.append(aListing(-90 * DAY, { grants: [grant] }), aUse(grant, lastUse));
      await bench.append(aUse(grant, lastUse - DAY), aListing(0, { grants: [grant] }));
      expect(told(await bench.found('D16', grant))).toEqual(found);
    });

    it('counts one that was never used from when it was listed first', async () => {
      const [young, old] = [aSubject(), aSubject()];
      await bench.append(
        aListing(0, { grants: [young, old] }),
        aListing(-29 * DAY, { grants: [young] }),
        aListing(-31 * DAY, { grants: [old] }),
      );
      expect(await bench.found('D16', young)).toEqual([]);
      expect(await bench.found('D16', old)).toMatchObject([
        {
          entity: { type: 'grant' },
          startAt: new Date('2026-11-19T00:00:00Z'),
          responses: [{ action: 'disable_grant', target: `grant:${old}` }],
        },
      ]);
    });

    it('gives seasonal ones the time that they are given', async () => {
      const [seasonal, hasty] = [aSubject(), aSubject()];
      await bench.append(
        aListing(-100 * DAY, { grants: [seasonal, hasty] }),
        ...[seasonal, hasty].map((grant) => aUse(grant, -40 * DAY)),
        aListing(0, { grants: [seasonal], unusedAfterDays: 180 }),
        aListing(0, { grants: [hasty], unusedAfterDays: 40 }),
      );
      expect(await bench.found('D16', seasonal)).toEqual([]);
      expect(await bench.found('D16', hasty)).toMatchObject([{ threshold: 40 }]);
    });

    it('says nothing of one that is not there any more, of another deployment, or that is used there alone', async () => {
      const [gone, foreign, shared] = [aSubject(), aSubject(), aSubject()];
      const other = 'postern-staging';
      await bench.append(
        aListing(-60 * DAY, { grants: [gone, shared] }),
        aListing(-2 * DAY, { grants: [gone] }),
        aListing(-60 * DAY, { grants: [foreign], deployment: other }),
        aListing(0, { grants: [foreign], deployment: other }),
        aUse(shared, -HOUR, other),
        aListing(0, { grants: [shared] }),
      );
      expect(await bench.found('D16', gone)).toEqual([]);
      expect(await bench.found('D16', foreign)).toEqual([]);
      expect(await bench.found('D16', shared)).toHaveLength(1);
    });

    it('is one finding for as long as it lasts, whatever comes twice or late', async () => {
      const grant = aSubject();
      const listings = [-60 * DAY, -DAY, 0].map((second) => aListing(second, { grants: [grant] }));
      await bench.append(...listings.toReversed());
      await bench.append(...listings, aUse(grant, -31 * DAY));
      await bench.append(aUse(grant, -50 * DAY));
      const found = await bench.found('D16', grant);
      expect(found).toHaveLength(1);
      expect(found[0]!.evidence).toHaveLength(2);
      await bench.append(aListing(DAY, { grants: [grant] }));
      const later = await bench.found('D16', grant, { from: DAY - 1, until: DAY + HOUR });
      expect(later.map(({ startAt }) => startAt)).toEqual([found[0]!.startAt]);
    });
  });

  describe('D16, a credential that is too old', () => {
    it.each([
      ['89 days and some', -90 * DAY + 1, []],
      ['90 days', -90 * DAY, [['low', 90]]],
      ['180 days', -180 * DAY, [['medium', 180]]],
    ])('judges one that was not changed for %s', async (_, changed, found) => {
      const resource = aSubject();
      await bench.append(
        aListing(-200 * DAY, { resources: [resource] }),
        aRotationEvent(resource, changed, { from: 1, to: 2 }),
        aListing(0, { resources: [resource] }),
      );
      expect(told(await bench.found('D16', resource))).toEqual(found);
    });

    it('counts one that Postern never changed from when it was listed first, and answers nothing', async () => {
      const resource = aSubject();
      await bench.append(
        ...[-91 * DAY, 0].map((second) => aListing(second, { resources: [resource] })),
      );
      expect(await bench.found('D16', resource)).toMatchObject([{ observed: 91, responses: [] }]);
    });
  });

  describe('D16, a credential that was replaced and still lives', () => {
    const from = 0;

    it.each([
      ['withdrawn after a day', DAY, 0],
      ['withdrawn later', DAY + 0.001, 1],
      ['never withdrawn', undefined, 1],
    ])('judges one that was %s', async (_, done, count) => {
      const [resource, rotation] = [aSubject(), randomId('rot')];
      await bench.append(aStep(rotation, resource, 'promoted', 0));
      if (done !== undefined) await bench.append(aStep(rotation, resource, 'done', done));
      const found = await bench.found('D16', resource, { from, until: 2 * DAY });
      expect(found).toHaveLength(count);
      expect(found.every(({ severity }) => severity === 'medium')).toBe(true);
    });

    it('does not judge before the time is over', async () => {
      const [resource, rotation] = [aSubject(), randomId('rot')];
      await bench.append(aStep(rotation, resource, 'promoted', 0));
      expect(await bench.found('D16', resource, { from, until: DAY - 1 })).toEqual([]);
      expect(await bench.found('D16', resource, { from, until: DAY })).toHaveLength(1);
    });
  });

  describe('D19, reads past Postern', () => {
    it('is one finding an hour and resource, with each request once', async () => {
      const resource = aSubject();
      const [first, second] = [anAccess(resource, 0), anAccess(resource, HOUR - 0.001)];
      await bench.accesses.keep([first, second]);
      // Two audit devices tell the same request at two instants.
      await bench.accesses.keep([{ ...first, at: secondsAfter(first.at, 0.5) }]);
      await bench.accesses.keep([anAccess(resource, HOUR)]);
      expect(await bench.found('D19', resource)).toMatchObject([
        {
          ...{ observed: 2, severity: 'high', startAt: NOON },
          evidence: [first, second].map((access) => accessEventId(access)),
          responses: [{ action: 'request_rotation', target: `resource:${resource}` }],
        },
        { observed: 1 },
      ]);
    });

    it('does not count what was written', async () => {
      const resource = aSubject();
      await bench.accesses.keep([anAccess(resource, 0, { operation: 'write' })]);
      expect(await bench.found('D19', resource)).toEqual([]);
    });

    it('is forgotten after 32 days, and what is listed no more after as many', async () => {
      const [grant, resource] = [aSubject(), aSubject()];
      await bench.append(aListing(-200 * DAY, { grants: [grant] }));
      await bench.accesses.keep([anAccess(resource, -200 * DAY), anAccess(resource, 1)]);
      await bench.log.purge(secondsAfter(NOON, -160 * DAY));
      const left = await bench.owner.query('select 1 from vault_access where resource = $1', [
        resource,
      ]);
      expect(left).toHaveLength(1);
      const listed = await bench.owner.query('select 1 from standing_list where item_id = $1', [
        grant,
      ]);
      expect(listed).toHaveLength(0);
    });
  });

  it('answers nothing without a permission', () => {
    expect([shippedRules().D16.mode, shippedRules().D19.mode]).toEqual(['monitor', 'monitor']);
  });
});
