import { secondsAfter } from '#kernel';
import { aGrantSet, TEST_NOW, until } from '#testing';
import { AdminApi, operatorGrant } from '../../../test/support/admin-api.js';

let api: AdminApi;
beforeEach(async () => {
  api = new AdminApi();
  await api.start();
});
afterEach(() => api.host.close(0));

describe('what control tells unasked', () => {
  it('is at its start which reviews are due and which grants are in force, each once', async () => {
    await until(() => api.journal.events.length === 3, '3 events');
    expect(api.journal.of('dev.postern.policy.changed.v1')).toMatchObject([
      { grant_set_digest: api.grants.current().digest, grants: 3 },
    ]);
    expect(api.journal.of('dev.postern.review.due.v1')).toMatchObject([
      { kind: 'grant', id: 'old', days_left: 0 },
    ]);
  });

  it('is what there is, once a day', async () => {
    await until(() => api.journal.events.length === 3, '3 events');
    const [told, ...others] = api.journal.of('dev.postern.policy.listed.v1');
    expect(others).toEqual([]);
    expect(told?.grants).toHaveLength(3);
  });

  it('is every change of the grants', async () => {
    await until(() => api.journal.events.length === 3, '3 events');
    const previous = api.grants.current().digest;
    api.grants.replace(aGrantSet([operatorGrant]));
    await until(() => api.journal.events.length === 4, '4 events');
    expect(api.journal.of('dev.postern.policy.changed.v1').at(-1)).toMatchObject({
      previous_digest: previous,
      grants_removed: ['old', 'settlement-reads-ledger'],
    });
  });

  it('is logged when it cannot be told', async () => {
    await until(() => api.journal.events.length === 3, '3 events');
    api.journal.setReachable(false);
    api.grants.replace(aGrantSet([operatorGrant]));
    const line = 'a round of the control process failed';
    await until(() => api.lines.join('').includes(line), line);
  });
});

describe('what control takes from the topic of revocations', () => {
  const afterDays = (days: number): Date => secondsAfter(TEST_NOW, days * 24 * 60 * 60);
  const CLEARED = 'dev.postern.revocation.cleared.v1';

  it('is a target whose last handle expired more than a day ago, and no other', async () => {
    const other = new AdminApi();
    other.records.orders.states.set('family:fam_old', secondsAfter(afterDays(-1), -1));
    other.records.orders.states.set('family:fam_young', afterDays(-1));
    await other.start();
    await until(() => other.records.journal.of(CLEARED).length === 1, 'a tombstone');
    expect(other.records.journal.events).toMatchObject([
      { type: CLEARED, partitionkey: 'family:fam_old', subject: 'revocation/family:fam_old' },
    ]);
    expect([...other.records.orders.states.keys()]).toEqual(['family:fam_young']);
    await other.host.close(0);
  });
});
