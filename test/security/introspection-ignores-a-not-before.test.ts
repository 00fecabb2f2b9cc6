import { type Handle, type HandleSelector } from '#handles';
import { Introspection } from '#oauth';
import { type GrantSet, grantSetOf, posternResource, ResourceSet } from '#policy';
import { IssuerRegistry } from '#identity';
import { secondsAfter } from '#kernel';
import { ExchangeUnderTest, FixedClock, grantUnderTest, resourceUnderTest } from '#testing';
import { StsEndpoint } from './sts-endpoint.js';

const START = new FixedClock().now();
/** Well within the 300 s that a handle lives. */
const LATER_SECONDS = 60;
const LATER = secondsAfter(START, LATER_SECONDS);

/**
 * Keycloak CVE-2026-8922: one of two not-before policies was not looked at by introspection, so that what had been ended
 * for everybody was still said to be active. I-06: each thing that a handle rests on is asked again at each call, and
 * any one of them that has ended is enough.
 */
describe('introspection of a handle that has not expired', () => {
  let sts: ExchangeUnderTest;
  let handle: string;
  let handleId: string;

  const start = async (
    options: Parameters<typeof ExchangeUnderTest.create>[0] = {},
  ): Promise<void> => {
    sts = await ExchangeUnderTest.create(options);
    ({ handle, handleId } = await sts.exchange());
  };
  const isActive = async (parts: Partial<ExchangeUnderTest['parts']> = {}): Promise<boolean> =>
    (await new Introspection({ ...sts.parts, ...parts }).introspect(handle)).active;
  const put = (set: GrantSet): void => sts.grants.replace(set);

  it('I-06: says active while all that it rests on stands', async () => {
    await start();
    sts.clock.advance(299);
    expect(await isActive()).toBe(true);
    sts.clock.advance(1);
    expect(await isActive()).toBe(false);
  });

  it('I-06: says inactive from the instant at which the review of its grant is due', async () => {
    await start({ grants: [grantUnderTest({ reviewBy: LATER })] });
    sts.clock.advance(LATER_SECONDS - 0.001);
    expect(await isActive()).toBe(true);
    sts.clock.advance(0.001);
    expect(await isActive()).toBe(false);
  });

  it('I-06: says inactive from the instant at which the review of its issuer is due', async () => {
    await start({ issuer: { reviewBy: LATER } });
    sts.clock.advance(LATER_SECONDS - 0.001);
    expect(await isActive()).toBe(true);
    sts.clock.advance(0.001);
    expect(await isActive()).toBe(false);
  });

  it('I-06, P-08: says inactive when its issuer is no longer registered', async () => {
    await start();
    expect(await isActive({ issuers: IssuerRegistry.of([]) })).toBe(false);
  });

  it.each([
    ['is gone', () => grantSetOf([], START)],
    ['is for another subject', () => setOf({ subject: subjectOf('workload-2') })],
    [
      'is for another issuer',
      () => setOf({ subject: { ...subjectOf(), issuer: 'https://b.test' } }),
    ],
    ['is for another resource', () => setOf({ resource: 'archive' })],
    ['gives other scopes', () => setOf({ scopes: ['ledger.post'], defaultScopes: undefined })],
    ['is overdue', () => setOf({ reviewBy: START })],
  ])('I-06, P-08: says inactive when its grant %s', async (_, set) => {
    await start();
    put(set());
    expect(await isActive()).toBe(false);
  });

  it('I-06: says inactive when its resource is no longer registered', async () => {
    await start();
    const postern = posternResource('test', 'https://postern.test');
    const resources = ResourceSet.of([postern, resourceUnderTest('archive')]);
    expect(await isActive({ resources })).toBe(false);
  });

  it('I-06: says inactive in another environment', async () => {
    await start();
    expect(await isActive({ environment: 'prod' })).toBe(false);
  });

  it.each<[string, (handle: Handle) => HandleSelector]>([
    ['id', ({ id }) => ({ scope: 'handle', id })],
    ['family', ({ familyId }) => ({ scope: 'family', id: familyId })],
    ['subject', ({ subject }) => ({ scope: 'subject', id: subject.id })],
    ['issuer', ({ subject }) => ({ scope: 'issuer', id: subject.issuer })],
    ['grant', ({ grant }) => ({ scope: 'grant', id: grant.id })],
    [
      "issuer's key",
      ({ subject, subjectTokenKeyId }) => ({
        scope: 'key',
        id: subjectTokenKeyId!,
        issuer: subject.issuer,
      }),
    ],
    ['resource', ({ resource }) => ({ scope: 'resource', id: resource })],
  ])('I-06, P-08: says inactive when it was revoked by its %s', async (_, selectorOf) => {
    await start();
    expect(await isActive()).toBe(true);
    const selector = selectorOf((await sts.handles.findById(handleId))!);
    const [event] = sts.journal.events;
    await sts.handles.revoke({ selector, at: START, eventOf: () => event! });
    expect(await isActive()).toBe(false);
  });

  it('I-06: says inactive when a use was its last', async () => {
    await start();
    const used = (await sts.handles.findById(handleId))!;
    sts.records.handles.set(handleId, { ...used, callsUsed: used.maxCalls - 1 });
    expect(await isActive()).toBe(true);
    sts.records.handles.set(handleId, { ...used, callsUsed: used.maxCalls });
    expect(await isActive()).toBe(false);
  });

  it('I-06: says inactive when it is suspended', async () => {
    await start();
    const before = (await sts.handles.findById(handleId))!;
    sts.records.handles.set(handleId, { ...before, status: 'suspended' });
    expect(await isActive()).toBe(false);
  });
});

const subjectOf = (subject = 'workload-1') => ({
  issuer: 'https://idp.test',
  id: { kind: 'exact' as const, subject },
  claims: new Map(),
});

const setOf = (overrides: Parameters<typeof grantUnderTest>[0]): GrantSet =>
  grantSetOf([grantUnderTest(overrides)], START);

describe('the introspection endpoint', () => {
  let endpoint: StsEndpoint;
  afterEach(() => endpoint.close());

  const ask = async (operator: string, token: string): Promise<Response> =>
    endpoint.post('/oauth2/introspect', { token }, { authorization: `Bearer ${operator}` });

  it('I-03, I-06: answers active: false and nothing else when the review of the grant is due', async () => {
    const operates = grantUnderTest({
      id: 'operator-operates',
      subject: subjectOf('operator'),
      resource: 'postern',
      scopes: ['introspect'],
    });
    endpoint = await StsEndpoint.start({ grants: [grantUnderTest({ reviewBy: LATER }), operates] });
    const { sts } = endpoint;
    const { handle } = await sts.exchange();
    const { plaintext } = await sts.operatorHandle();
    expect(await (await ask(plaintext, handle)).json()).toMatchObject({ active: true });
    sts.clock.advance(LATER_SECONDS);
    const response = await ask(plaintext, handle);
    expect([response.status, await response.text()]).toEqual([200, '{"active":false}']);
  });

  it('I-01, I-06: tells nobody anything once the review of the only issuer is due', async () => {
    endpoint = await StsEndpoint.start({ issuer: { reviewBy: LATER } });
    const { sts } = endpoint;
    const { handle } = await sts.exchange();
    const { plaintext } = await sts.operatorHandle();
    expect((await ask(plaintext, handle)).status).toBe(200);
    sts.clock.advance(LATER_SECONDS);
    expect((await ask(plaintext, handle)).status).toBe(401);
  });
});
