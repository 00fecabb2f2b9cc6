import { mintHandle, type Handle } from '#handles';
import { DependencyUnavailable, epochSeconds } from '#kernel';
import { type Grant, grantSetOf } from '#policy';
import {
  aHandleRevokedEvent,
  ExchangeUnderTest,
  grantUnderTest,
  resourceUnderTest,
} from '#testing';
import { Introspection } from './introspection.js';

let sts: ExchangeUnderTest;
let introspection: Introspection;

beforeEach(async () => {
  sts = await ExchangeUnderTest.create();
  introspection = new Introspection(sts.parts);
});

const withGrants = (...grants: Grant[]): void =>
  sts.grants.replace(grantSetOf(grants, sts.clock.now()));

it('I-04: tells of an active handle when it was issued and when it expires, in seconds', async () => {
  const { handle: plaintext, handleId } = await sts.exchange();
  const handle = (await sts.handles.findById(handleId))!;
  expect(await introspection.introspect(plaintext)).toEqual({
    active: true,
    handle,
    exp: epochSeconds(handle.expiresAt),
    iat: epochSeconds(handle.issuedAt),
  });
});

describe('I-03: tells nothing but that it is not active of', () => {
  it.each([
    ['garbage', 'garbage'],
    ['nothing', ''],
    ['a handle that was never issued', mintHandle('test').plaintext],
    ['a handle of another environment', mintHandle('prod').plaintext],
  ])('%s', async (_, presented) => {
    expect(await introspection.introspect(presented)).toEqual({ active: false });
  });

  it.each([
    ['a suspended handle', { status: 'suspended' }],
    ['a revoked handle', { status: 'revoked' }],
    ['a handle without calls left', { maxCalls: 5, callsUsed: 5 }],
    ['a handle of an issuer that is not registered any more', { subject: elsewhere() }],
    ['a handle of a resource that is gone', { resource: 'gone' }],
    [
      'a handle of a grant that is gone',
      { grant: { id: 'gone', version: 1, digest: 'd'.repeat(64), setDigest: '' } },
    ],
    ['a handle with more scopes than its grant', { scopes: ['ledger.read', 'ledger.post'] }],
    ['a handle of another environment on the same storage', { environment: 'prod' }],
  ] as [string, Partial<Handle>][])('%s', async (_, overrides) => {
    const { plaintext } = await sts.issued(overrides);
    expect(await introspection.introspect(plaintext)).toEqual({ active: false });
  });

  it('a handle at the instant it expires, and is active a moment before', async () => {
    const { plaintext } = await sts.issued();
    sts.clock.advance(299.999);
    expect(await introspection.introspect(plaintext)).toMatchObject({ active: true });
    sts.clock.advance(0.001);
    expect(await introspection.introspect(plaintext)).toEqual({ active: false });
  });

  it('a handle that was revoked a moment ago', async () => {
    const { plaintext, handle } = await sts.issued();
    expect(await introspection.introspect(plaintext)).toMatchObject({ active: true });
    const selector = { scope: 'handle', id: handle.id } as const;
    await sts.handles.revoke({ selector, at: sts.clock.now(), eventOf: aHandleRevokedEvent });
    expect(await introspection.introspect(plaintext)).toEqual({ active: false });
  });
});

describe('I-06: looks again at what a handle rests on', () => {
  it.each([
    ['is withdrawn', undefined],
    ['is overdue', { reviewBy: new Date(0) }],
    ['is for another resource', { resource: 'archive' }],
    ['has another ceiling', { scopes: ['ledger.post'] }],
    ['is for another workload', { subject: subjectOf('https://idp.test', 'workload-2') }],
    ['is for another issuer', { subject: subjectOf('https://x.test', 'workload-1') }],
  ] as [string, Partial<Grant> | undefined][])('when its grant %s', async (_, change) => {
    const { plaintext } = await sts.issued();
    expect(await introspection.introspect(plaintext)).toMatchObject({ active: true });
    withGrants(...(change === undefined ? [] : [grantUnderTest(change)]));
    expect(await introspection.introspect(plaintext)).toEqual({ active: false });
  });

  it('when its resource is not served any more', async () => {
    const { plaintext } = await sts.issued();
    const { records } = sts;
    const smaller = sts.twin({ records, resources: [resourceUnderTest('archive')] });
    const tells = new Introspection(smaller.parts);
    expect(await tells.introspect(plaintext)).toEqual({ active: false });
  });

  it('when the review of its issuer is overdue', async () => {
    const reviewBy = new Date(sts.clock.now().getTime() + 10_000);
    const due = sts.twin({ records: sts.records, issuer: { reviewBy } });
    const { plaintext } = await due.issued();
    const tells = new Introspection(due.parts);
    expect(await tells.introspect(plaintext)).toMatchObject({ active: true });
    due.clock.advance(10);
    expect(await tells.introspect(plaintext)).toEqual({ active: false });
  });
});

it('looks up nothing for what is no handle of this environment', async () => {
  await introspection.introspect('garbage');
  await introspection.introspect(mintHandle('prod').plaintext);
  expect(sts.handles.lookedUp).toEqual([]);
});

it('says that it cannot tell while the store is away', async () => {
  const { plaintext } = await sts.issued();
  sts.records.setReachable(false);
  await expect(introspection.introspect(plaintext)).rejects.toThrow(DependencyUnavailable);
});

function elsewhere(): Handle['subject'] {
  return { issuer: 'https://elsewhere.test', subject: 'workload-1', id: 'sub_2' };
}

function subjectOf(issuer: string, subject: string): Grant['subject'] {
  return { issuer, id: { kind: 'exact', subject }, claims: new Map() };
}
