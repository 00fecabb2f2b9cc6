import { DependencyUnavailable } from '#kernel';
import { type Grant, grantSetOf } from '#policy';
import {
  ExchangeUnderTest,
  type ExchangeUnderTestOptions,
  grantUnderTest,
  TestIssuer,
} from '#testing';

const REVOKED = 'dev.postern.handle.revoked.v1';
const PARTNER = 'https://partner.test';
/** After this time the key source asks its issuers again. */
const KEYS_FRESH_SECONDS = 300;

const ofPartner = grantUnderTest({
  id: 'partner-reads-ledger',
  subject: { issuer: PARTNER, id: { kind: 'exact', subject: 'workload-1' }, claims: new Map() },
});
const grants = [grantUnderTest(), ofPartner];

let first: ExchangeUnderTest;
let partner: TestIssuer;
let sts: ExchangeUnderTest;

function twin(options: ExchangeUnderTestOptions = {}): ExchangeUnderTest {
  const { records } = first;
  return first.twin({ grants, otherIssuers: [partner], records, ...options });
}

beforeEach(async () => {
  first = await ExchangeUnderTest.create();
  partner = await TestIssuer.create({ issuer: PARTNER, clock: first.clock });
  sts = twin();
});

const withGrants = (...set: Grant[]): void => sts.grants.replace(grantSetOf(set, sts.clock.now()));
const check = (by = sts): Promise<number> => by.server.originWatch.check();

/** Handles of both issuers that outlive the freshness of keys. */
async function issuedHandles() {
  const expiresAt = new Date(sts.clock.now().getTime() + 3_600_000);
  const partners = {
    grant: sts.grantOf(ofPartner.id),
    subject: { issuer: PARTNER, subject: 'workload-1', id: 'sub_partner' },
  };
  return {
    own: await sts.issued({ expiresAt, subjectTokenKeyId: sts.issuer.keyId }),
    partner: await sts.issued({ expiresAt, subjectTokenKeyId: partner.keyId, ...partners }),
  };
}

const statusOf = ({ handle: { id } }: { handle: { id: string } }) =>
  sts.records.handles.get(id)!.status;
const reasons = () => sts.journal.of(REVOKED).map(({ scope, reason }) => ({ scope, reason }));

it('revokes nothing while all that handles rest on is there', async () => {
  const issued = await issuedHandles();
  await sts.exchange();
  expect(await check()).toBe(0);
  expect(Object.values(issued).map(statusOf)).toEqual(['active', 'active']);
  expect(sts.journal.of(REVOKED)).toEqual([]);
});

describe('a key that its issuer removed', () => {
  const remove = async () => {
    const rolled = await TestIssuer.create({ issuer: sts.issuer.issuer, clock: sts.clock });
    sts.keys.publish(sts.issuer.issuer, rolled.jwks().keys);
  };

  it('J-32: takes along the handles of its tokens, and of no others', async () => {
    const issued = await issuedHandles();
    await check();
    await remove();
    sts.clock.advance(KEYS_FRESH_SECONDS);
    expect(await check()).toBe(1);
    expect([statusOf(issued.own), statusOf(issued.partner)]).toEqual(['revoked', 'active']);
    expect(sts.journal.of(REVOKED)).toEqual([
      {
        handle_id: issued.own.handle.id,
        family_id: issued.own.handle.familyId,
        scope: 'key',
        reason: 'its issuer removed the key',
        initiator: 'policy',
        revoked_at: sts.clock.now().getTime() / 1000,
      },
    ]);
  });

  it('J-32: takes along a handle that was really exchanged, and what descends from it', async () => {
    const { handleId } = await sts.exchange();
    const child = await sts.issued({ parentId: handleId, subjectTokenKeyId: sts.issuer.keyId });
    await remove();
    await sts.keys.refetch(sts.issuer.registration());
    expect(await check()).toBe(2);
    expect(statusOf(child)).toBe('revoked');
  });

  it('J-32: is one of that issuer: a key of the same id at another is another key', async () => {
    const namesake = await TestIssuer.create({
      ...{ issuer: PARTNER, clock: sts.clock, keyId: sts.issuer.keyId },
    });
    sts.keys.publish(PARTNER, [...partner.jwks().keys, ...namesake.jwks().keys]);
    const issued = await issuedHandles();
    const { handle } = issued.partner;
    sts.records.handles.set(handle.id, { ...handle, subjectTokenKeyId: sts.issuer.keyId });
    await remove();
    expect(await check()).toBe(1);
    expect([statusOf(issued.own), statusOf(issued.partner)]).toEqual(['revoked', 'active']);
  });

  it('J-32: is all keys, when the issuer publishes none', async () => {
    const issued = await issuedHandles();
    sts.keys.publish(sts.issuer.issuer, []);
    expect(await check()).toBe(1);
    expect(statusOf(issued.own)).toBe('revoked');
  });

  it('is not removed as long as it is published, whatever stands beside it', async () => {
    const rolled = await TestIssuer.create({ issuer: sts.issuer.issuer, clock: sts.clock });
    await issuedHandles();
    const keys = [...rolled.jwks().keys, ...sts.issuer.jwks().keys];
    sts.keys.publish(sts.issuer.issuer, keys);
    expect(await check()).toBe(0);
  });

  it('is not known of handles whose token named none', async () => {
    const { handle } = (await issuedHandles()).own;
    sts.records.handles.set(handle.id, { ...handle, subjectTokenKeyId: undefined });
    await remove();
    expect(await check()).toBe(0);
  });

  it('is not taken for removed while the keys cannot be had', async () => {
    const issued = await issuedHandles();
    sts.keys.setReachable(false);
    expect(await check()).toBe(0);
    expect(Object.values(issued).map(statusOf)).toEqual(['active', 'active']);
    expect(sts.journal.of(REVOKED)).toEqual([]);
  });

  it('does not keep what else is gone from being seen while the keys cannot be had', async () => {
    const issued = await issuedHandles();
    sts.keys.setReachable(false);
    withGrants(grantUnderTest());
    expect(await check()).toBe(1);
    expect([statusOf(issued.own), statusOf(issued.partner)]).toEqual(['active', 'revoked']);
  });
});

describe('an issuer', () => {
  it('P-08: that is not registered any more takes its handles along', async () => {
    const issued = await issuedHandles();
    expect(await check(twin({ otherIssuers: [] }))).toBe(1);
    expect([statusOf(issued.own), statusOf(issued.partner)]).toEqual(['active', 'revoked']);
    expect(reasons()).toEqual([{ scope: 'issuer', reason: 'the issuer is gone or overdue' }]);
  });

  it('P-08: takes its handles along at the instant its review is overdue', async () => {
    const reviewBy = new Date(sts.clock.now().getTime() + 10_000);
    const due = twin({ issuer: { reviewBy } });
    const issued = await issuedHandles();
    sts.clock.advance(9.999);
    expect(await check(due)).toBe(0);
    sts.clock.advance(0.001);
    expect(await check(due)).toBe(1);
    expect([statusOf(issued.own), statusOf(issued.partner)]).toEqual(['revoked', 'active']);
  });
});

describe('a grant', () => {
  it('P-08: that is gone takes its handles along', async () => {
    const issued = await issuedHandles();
    withGrants(ofPartner);
    expect(await check()).toBe(1);
    expect([statusOf(issued.own), statusOf(issued.partner)]).toEqual(['revoked', 'active']);
    expect(reasons()).toEqual([{ scope: 'grant', reason: 'the grant is gone or overdue' }]);
  });

  it('P-08: takes its handles along at the instant its review is overdue', async () => {
    const reviewBy = new Date(sts.clock.now().getTime() + 10_000);
    withGrants(grantUnderTest({ reviewBy }), ofPartner);
    const issued = await issuedHandles();
    sts.clock.advance(9.999);
    expect(await check()).toBe(0);
    sts.clock.advance(0.001);
    expect(await check()).toBe(1);
    expect([statusOf(issued.own), statusOf(issued.partner)]).toEqual(['revoked', 'active']);
  });

  it.each([
    ['its scopes', { scopes: ['ledger.read', 'ledger.post'] }],
    ['its version alone', { version: 2 }],
    ['its calls', { maxCalls: 10 }],
    ['its actor', { actor: ofPartner.subject }],
  ])(
    'P-08: that was edited ends the handles of before, not those of after: %s',
    async (_, edit) => {
      const issued = await issuedHandles();
      withGrants(grantUnderTest(edit), ofPartner);
      const after = await sts.issued({ subjectTokenKeyId: sts.issuer.keyId });
      expect(await check()).toBe(1);
      expect([statusOf(issued.own), statusOf(after)]).toEqual(['revoked', 'active']);
      expect(statusOf(issued.partner)).toBe('active');
      expect(reasons()).toEqual([{ scope: 'grant', reason: 'the grant was edited' }]);
    },
  );

  it('that did not change spares its handles when others do, and when its file moves', async () => {
    await issuedHandles();
    const another = grantUnderTest({ id: 'another', resource: 'archive' });
    withGrants(grantUnderTest({ file: 'grants/moved.yaml' }), ofPartner, another);
    expect(await check()).toBe(0);
  });
});

it('revokes nothing more at the second round, and each handle once when two things are gone', async () => {
  await issuedHandles();
  withGrants();
  sts.keys.publish(sts.issuer.issuer, []);
  expect(await check()).toBe(2);
  expect(await check()).toBe(0);
  expect(await check()).toBe(0);
  expect(sts.journal.of(REVOKED)).toHaveLength(2);
});

it('revokes each handle once when many processes look at the same time', async () => {
  await issuedHandles();
  withGrants();
  const counts = await Promise.all(Array.from({ length: 10 }, () => check()));
  expect(counts.reduce((sum, count) => sum + count)).toBe(2);
  expect(sts.journal.of(REVOKED)).toHaveLength(2);
});

it('leaves handles alone that have ended already', async () => {
  const { own, partner: other } = await issuedHandles();
  sts.records.handles.set(own.handle.id, { ...own.handle, status: 'revoked' });
  sts.records.handles.set(other.handle.id, { ...other.handle, expiresAt: sts.clock.now() });
  withGrants();
  expect(await check()).toBe(0);
  expect(sts.journal.of(REVOKED)).toEqual([]);
});

it('ends a handle that is suspended: it could be resumed', async () => {
  const { own } = await issuedHandles();
  sts.records.handles.set(own.handle.id, { ...own.handle, status: 'suspended' });
  withGrants(ofPartner);
  expect(await check()).toBe(1);
  expect(statusOf(own)).toBe('revoked');
});

it('says that it cannot tell while the store is away', async () => {
  await issuedHandles();
  sts.records.setReachable(false);
  await expect(check()).rejects.toThrow(DependencyUnavailable);
});

it('J-32: is not stopped by an issuer whose key set must not be used', async () => {
  const issued = await issuedHandles();
  const [key] = sts.issuer.jwks().keys;
  sts.keys.publish(PARTNER, [key!, key!]);
  withGrants(ofPartner);
  expect(await check()).toBe(1);
  expect([statusOf(issued.own), statusOf(issued.partner)]).toEqual(['revoked', 'active']);
});
