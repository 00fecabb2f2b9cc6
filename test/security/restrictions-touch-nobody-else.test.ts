import { NetworkZones } from '#detection';
import { ImposedRestrictions, mintHandle, type Restriction, type RestrictionTerms } from '#handles';
import { CallRestrictions } from '#injection';
import { secondsAfter } from '#kernel';
import {
  aDenialEvent,
  aRestriction,
  FixedClock,
  InMemoryEventJournal,
  InMemoryRestrictionStore,
} from '#testing';
import { type Answer, CallPath, send } from './call-path.js';

const TARGET = '/proxy/ledger/accounts/42';
const HERE = '127.0.0.0/24';
const GUESSES = 12;
const SOURCE_KINDS = ['source_block', 'guess_rate'] as const;

/**
 * Behind one address there are many workloads. Whoever tries handles out there can have the source restricted; whoever has a
 * handle must not notice. A handle's own restriction is of that handle alone.
 */
describe('a restriction at the proxy', () => {
  let store: InMemoryRestrictionStore;
  let restrictions: CallRestrictions;
  let path: CallPath;
  const clock = new FixedClock();
  const scanners = new NetworkZones({ scanners: ['127.0.0.9/32'] });

  beforeEach(async () => {
    store = new InMemoryRestrictionStore(new InMemoryEventJournal());
    const zones = new NetworkZones({});
    const imposed = new ImposedRestrictions({ lookup: store, clock });
    const sourceOf = (ip: string): string | undefined =>
      scanners.of(ip) === 'scanners' ? undefined : zones.of(ip);
    restrictions = new CallRestrictions({ imposed, sourceOf, clock });
    path = await CallPath.start({ restrictions, trustedProxies: ['127.0.0.1/32'] });
    clock.set(path.parts.clock.now());
  });
  afterEach(() => path.stop());

  const impose = async (terms: RestrictionTerms): Promise<Restriction> => {
    const now = clock.now();
    const times = { imposedAt: now, until: secondsAfter(now, 600), rule: 'D08' };
    const restriction = aRestriction(terms, times);
    await store.impose(restriction, aDenialEvent());
    await restrictions.refresh();
    return restriction;
  };
  const ofSource = (kind: (typeof SOURCE_KINDS)[number], entityId = HERE): Promise<Restriction> =>
    impose(kind === 'guess_rate' ? { kind, entityId, limit: 3 } : { kind, entityId });
  const present = (handle: string, from?: string): Promise<Answer> =>
    send(path.port, TARGET, {
      headers: {
        authorization: `Bearer ${handle}`,
        ...(from === undefined ? {} : { 'x-forwarded-for': from }),
      },
    });
  const guess = (from?: string): Promise<Answer> => present(mintHandle('dev').plaintext, from);
  const guessed = async (count: number, from?: string): Promise<number[]> => {
    const statuses: number[] = [];
    for (let n = 0; n < count; n += 1) statuses.push((await guess(from)).status);
    return statuses;
  };
  const denials = () => path.parts.journal.of('dev.postern.call.denied.v1');

  it.each(SOURCE_KINDS)('of a source (%s) leaves every handle good that is', async (kind) => {
    const [one, other] = [await path.parts.issue(), await path.parts.issue()];
    await ofSource(kind);
    expect((await guessed(GUESSES)).at(-1)).toBe(429);
    for (const { plaintext } of [one, other]) expect((await present(plaintext)).status).toBe(200);
  });

  it.each(SOURCE_KINDS)(
    'of a source (%s) tells who holds a dead one what it was told before',
    async (kind) => {
      const dead = await Promise.all(
        (['revoked', 'suspended'] as const).map((status) => path.parts.issue({ status })),
      );
      const before = await Promise.all(
        dead.map(async ({ plaintext }) => (await present(plaintext)).status),
      );
      await ofSource(kind);
      await guessed(GUESSES);
      const after = await Promise.all(
        dead.map(async ({ plaintext }) => (await present(plaintext)).status),
      );
      expect([before, after]).toEqual([
        [401, 401],
        [401, 401],
      ]);
    },
  );

  it.each(SOURCE_KINDS)(
    'of a source (%s) still asks who presents nothing for a handle',
    async (kind) => {
      await ofSource(kind);
      await guessed(GUESSES);
      const { status, headers } = await send(path.port, TARGET, { headers: {} });
      expect([status, headers['www-authenticate']]).toEqual([
        401,
        expect.stringContaining('Bearer'),
      ]);
    },
  );

  it.each(SOURCE_KINDS)('of a source (%s) is of no other source', async (kind) => {
    await ofSource(kind, '198.51.100.0/24');
    expect(await guessed(GUESSES, '203.0.113.7')).toEqual(Array(GUESSES).fill(401));
    expect((await guessed(GUESSES, '198.51.100.7')).at(-1)).toBe(429);
  });

  it.each(SOURCE_KINDS)('of a source (%s) is not for a scanner of ours', async (kind) => {
    await ofSource(kind);
    expect(await guessed(GUESSES, '127.0.0.9')).toEqual(Array(GUESSES).fill(401));
  });

  it('lets a source guess up to its limit, and says when it may again', async () => {
    const { id } = await ofSource('guess_rate');
    expect(await guessed(5)).toEqual([401, 401, 401, 429, 429]);
    expect((await guess()).headers['retry-after']).toBe('60');
    expect((await guess()).headers['postern-error']).toBe('too-many-requests');
    clock.advance(60);
    expect(await guessed(4)).toEqual([401, 401, 401, 429]);
    path.parts.clock.advance(2);
    await path.proxy.close(0);
    const told = denials().filter(({ restriction_id: of }) => of === id);
    // Who counts guesses counts these too.
    expect(told[0]).toMatchObject({ reason: 'unknown', detection_id: 'det_1', checksum_ok: true });
  });

  it('blocks a source from its first guess to the end of the block', async () => {
    await ofSource('source_block');
    expect((await guess()).headers['retry-after']).toBe('600');
    clock.advance(600);
    expect((await guess()).status).toBe(401);
  });

  it('of the bytes of a handle is of that handle', async () => {
    const [one, other] = [await path.parts.issue(), await path.parts.issue()];
    const { id } = await impose({ kind: 'bytes_rate', entityId: one.handle.id, limit: 1 });
    const calls = async (plaintext: string): Promise<number[]> => [
      (await present(plaintext)).status,
      (await present(plaintext)).status,
    ];
    expect(await calls(one.plaintext)).toEqual([200, 429]); // Two bytes came back, and one may in a minute.
    expect(await calls(other.plaintext)).toEqual([200, 200]);
    expect((await present(one.plaintext)).headers['retry-after']).toBe('60');
    expect(path.backend.seen).toHaveLength(3);
    expect(denials()[0]).toMatchObject({
      ...{ reason: 'restricted', handle_id: one.handle.id },
      ...{ restriction_id: id, detection_id: 'det_1' },
    });
    clock.advance(60);
    expect((await present(one.plaintext)).status).toBe(200);
  });

  it('is over for everybody when it was lifted', async () => {
    const { id } = await ofSource('source_block');
    expect((await guess()).status).toBe(429);
    await store.lift(id, clock.now(), () => aDenialEvent());
    await restrictions.refresh();
    expect((await guess()).status).toBe(401);
  });
});
