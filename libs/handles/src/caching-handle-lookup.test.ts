import { DependencyUnavailable, type Digest, sha256 } from '#kernel';
import {
  aHandle,
  aHandleIssue,
  aHandleRevokedEvent,
  FixedClock,
  InMemoryHandleStore,
  until,
} from '#testing';
import { CachingHandleLookup } from './caching-handle-lookup.js';
import { type Handle } from './handle.js';
import { HandleLookup } from './handle-store.js';

/** Answers when the test says so. */
class HeldLookup extends HandleLookup {
  readonly asked: ((answer: Handle | undefined) => void)[] = [];

  override findByDigest(): Promise<Handle | undefined> {
    return new Promise((resolve) => this.asked.push(resolve));
  }

  override endedAmong(): Promise<ReadonlySet<string>> {
    return Promise.resolve(new Set());
  }
}

const handle = aHandle();

async function underTest(entriesMax?: number) {
  const clock = new FixedClock(handle.issuedAt);
  const store = new InMemoryHandleStore();
  await store.issue(aHandleIssue(handle));
  const lookup = new CachingHandleLookup({
    lookup: store,
    clock,
    ...(entriesMax === undefined ? {} : { entriesMax }),
  });
  const revoke = () =>
    store.revoke({
      selector: { scope: 'handle', id: handle.id },
      at: clock.now(),
      eventOf: aHandleRevokedEvent,
    });
  return { clock, store, lookup, revoke };
}

describe('a handle that was looked up', () => {
  it('is looked up again after three quarters of a second, and not before', async () => {
    const { clock, store, lookup } = await underTest();
    await lookup.findByDigest(handle.digest);
    clock.advance(0.749);
    await lookup.findByDigest(handle.digest);
    expect(store.lookedUp).toHaveLength(1);
    clock.advance(0.001);
    expect(await lookup.findByDigest(handle.digest)).toEqual(handle);
    expect(store.lookedUp).toHaveLength(2);
  });

  it('P-04: is seen as revoked three quarters of a second after it was revoked', async () => {
    const { clock, lookup, revoke } = await underTest();
    await lookup.findByDigest(handle.digest);
    await revoke();
    clock.advance(0.75);
    expect((await lookup.findByDigest(handle.digest))!.status).toBe('revoked');
  });

  it('P-05: is looked up again when the clock was set back: an age from the future says nothing', async () => {
    const { clock, lookup, revoke } = await underTest();
    await lookup.findByDigest(handle.digest);
    await revoke();
    clock.advance(-3600);
    expect((await lookup.findByDigest(handle.digest))!.status).toBe('revoked');
  });

  it.each([
    ['known', (): Handle => aHandle()],
    ['unknown', (): undefined => undefined],
  ])('is forgotten when it is too old and others that are %s come', async (_, other) => {
    const { clock, store, lookup } = await underTest();
    await lookup.findByDigest(handle.digest);
    clock.advance(2);
    const another = other();
    if (another !== undefined) await store.issue(aHandleIssue(another));
    await lookup.findByDigest(another?.digest ?? sha256('unknown'));
    clock.advance(-1.8); // An answer that is still there would be young enough again.
    store.lookedUp.length = 0;
    await lookup.findByDigest(handle.digest);
    expect(store.lookedUp).toHaveLength(1);
  });

  it('is pushed out by no flood of unknown handles', async () => {
    const { store, lookup } = await underTest(10);
    await lookup.findByDigest(handle.digest);
    for (let n = 0; n < 100; n += 1) await lookup.findByDigest(sha256(String(n)));
    store.lookedUp.length = 0;
    await lookup.findByDigest(handle.digest);
    expect(store.lookedUp).toEqual([]);
  });
});

describe('a digest that is unknown', () => {
  it('is not asked for again before that', async () => {
    const { clock, store, lookup } = await underTest();
    const unknown = sha256('unknown');
    expect(await lookup.findByDigest(unknown)).toBeUndefined();
    clock.advance(0.749);
    expect(await lookup.findByDigest(unknown)).toBeUndefined();
    expect(store.lookedUp).toHaveLength(1);
  });

  it('is found three quarters of a second after its handle was issued', async () => {
    const { clock, store, lookup } = await underTest();
    const late = aHandle();
    await lookup.findByDigest(late.digest);
    await store.issue(aHandleIssue(late));
    clock.advance(0.75);
    expect(await lookup.findByDigest(late.digest)).toEqual(late);
    expect(await lookup.findByDigest(late.digest)).toEqual(late);
  });

  it('is forgotten when too many others are unknown: the memory is bounded', async () => {
    const { store, lookup } = await underTest(10);
    const digests: Digest[] = Array.from({ length: 11 }, (_, n) => sha256(String(n)));
    for (const digest of digests) await lookup.findByDigest(digest);
    store.lookedUp.length = 0;
    await lookup.findByDigest(digests[0]!);
    expect(store.lookedUp).toHaveLength(1);
  });
});

describe('a look-up that runs', () => {
  const held = () => {
    const lookup = new HeldLookup();
    const clock = new FixedClock(handle.issuedAt);
    return { lookup, clock, caching: new CachingHandleLookup({ lookup, clock }) };
  };

  it('is shared by all who ask for the same digest', async () => {
    const { lookup, caching } = held();
    const answers = Array.from({ length: 50 }, () => caching.findByDigest(handle.digest));
    expect(lookup.asked).toHaveLength(1);
    lookup.asked[0]!(handle);
    expect(new Set(await Promise.all(answers))).toEqual(new Set([handle]));
  });

  it('is joined by nobody three quarters of a second after it began: its answer would be too old', async () => {
    const { lookup, clock, caching } = held();
    const early = caching.findByDigest(handle.digest);
    clock.advance(0.75);
    const late = caching.findByDigest(handle.digest);
    expect(lookup.asked).toHaveLength(2);
    lookup.asked[0]!(handle);
    lookup.asked[1]!({ ...handle, status: 'revoked' });
    expect((await early)!.status).toBe('active');
    expect((await late)!.status).toBe('revoked');
  });

  it('gives an answer that counts as old as the question', async () => {
    const { lookup, clock, caching } = held();
    const slow = caching.findByDigest(handle.digest);
    clock.advance(0.75);
    lookup.asked[0]!(handle);
    await slow;
    void caching.findByDigest(handle.digest);
    expect(lookup.asked).toHaveLength(2);
  });
});

describe('while the store is away', () => {
  it('serves nothing older than that, and says that the store is away', async () => {
    const { clock, store, lookup } = await underTest();
    await lookup.findByDigest(handle.digest);
    store.records.setReachable(false);
    clock.advance(0.75);
    await expect(lookup.findByDigest(handle.digest)).rejects.toThrow(DependencyUnavailable);
  });

  it('remembers no failure', async () => {
    const { store, lookup } = await underTest();
    store.records.setReachable(false);
    await expect(lookup.findByDigest(handle.digest)).rejects.toThrow(DependencyUnavailable);
    store.records.setReachable(true);
    expect(await lookup.findByDigest(handle.digest)).toEqual(handle);
  });
});

describe('what is forgotten', () => {
  const ofFamily = (familyId: string) => (other: Handle) => other.familyId === familyId;

  it('is looked up anew, and what does not match is not', async () => {
    const { store, lookup, revoke } = await underTest();
    const other = aHandle();
    await store.issue(aHandleIssue(other));
    for (const { digest } of [handle, other]) await lookup.findByDigest(digest);
    await revoke();
    expect(lookup.forget(ofFamily(handle.familyId))).toEqual([handle.id]);
    store.lookedUp.length = 0;
    expect((await lookup.findByDigest(handle.digest))!.status).toBe('revoked');
    expect((await lookup.findByDigest(other.digest))!.status).toBe('active');
    expect(store.lookedUp).toEqual([handle.digest]);
  });

  it('is not remembered again by a look-up that was under way', async () => {
    const lookup = new HeldLookup();
    const caching = new CachingHandleLookup({ lookup, clock: new FixedClock(handle.issuedAt) });
    const early = caching.findByDigest(handle.digest);
    caching.forget(() => true);
    const late = caching.findByDigest(handle.digest);
    lookup.asked[0]!(handle);
    expect((await early)!.status).toBe('active');
    await until(() => lookup.asked.length === 2, 'another question');
    lookup.asked[1]!({ ...handle, status: 'revoked' });
    expect((await late)!.status).toBe('revoked');
    expect((await caching.findByDigest(handle.digest))!.status).toBe('revoked');
  });

  it('is looked up anew once for all who came after that', async () => {
    const lookup = new HeldLookup();
    const caching = new CachingHandleLookup({ lookup, clock: new FixedClock(handle.issuedAt) });
    void caching.findByDigest(handle.digest);
    caching.forget(() => true);
    const late = Array.from({ length: 50 }, () => caching.findByDigest(handle.digest));
    lookup.asked[0]!(handle);
    await until(() => lookup.asked.length === 2, 'another question');
    lookup.asked[1]!({ ...handle, status: 'revoked' });
    const answers = await Promise.all(late);
    expect(new Set(answers.map((answer) => answer!.status))).toEqual(new Set(['revoked']));
    expect(lookup.asked).toHaveLength(2);
  });

  it('keeps no other handle from being remembered: who revokes all the time makes nobody slow', async () => {
    const lookup = new HeldLookup();
    const caching = new CachingHandleLookup({ lookup, clock: new FixedClock(handle.issuedAt) });
    const asked = caching.findByDigest(handle.digest);
    caching.forget(ofFamily('fam_other'));
    const joined = caching.findByDigest(handle.digest);
    lookup.asked[0]!(handle);
    expect(await Promise.all([asked, joined])).toEqual([handle, handle]);
    expect(await caching.findByDigest(handle.digest)).toEqual(handle);
    expect(lookup.asked).toHaveLength(1);
  });
});
