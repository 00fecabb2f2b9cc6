import { inspect } from 'node:util';
import fc from 'fast-check';
import {
  PinnedCredentials,
  SecretMalformed,
  SecretNotFound,
  type SecretRef,
  SecretStore,
  SecretStoreUnavailable,
  type SecretVersion,
  type VersionMark,
} from '#credentials';
import { type Clock, type PosternError, Secret } from '#kernel';
import { InMemorySecretStore } from '#testing';

const ref: SecretRef = { mount: 'secret', path: 'legacy/ledger' };
const START_MS = 1_800_000_000_000;

class HandClock implements Clock {
  #nowMs = START_MS;
  now(): Date {
    return new Date(this.#nowMs);
  }
  forward(seconds: number): void {
    this.#nowMs += seconds * 1000;
  }
}

const password = (text: string): ReadonlyMap<string, Secret> =>
  new Map([['password', Secret.of(text)]]);

const revealed = (version: SecretVersion | undefined): string | undefined =>
  version?.fields.get('password')?.reveal();

/** Lets background work that needs no I/O come to its end. */
const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
};

describe('pinned credentials', () => {
  let store: InMemorySecretStore;
  let clock: HandClock;
  let problems: PosternError[];
  let pinned: PinnedCredentials;

  beforeEach(async () => {
    store = new InMemorySecretStore();
    clock = new HandClock();
    problems = [];
    pinned = new PinnedCredentials({
      store,
      clock,
      onProblem: (_ref, problem) => problems.push(problem),
    });
    await store.put(ref, password('first'));
  });

  describe('after the first read', () => {
    beforeEach(() => pinned.current(ref));

    it('answer from memory, by promise and at once', async () => {
      expect(revealed(await pinned.current({ ...ref }))).toBe('first');
      expect(revealed(pinned.peek({ ...ref }))).toBe('first');
      expect(store.calls).toEqual({ currentVersion: 1, read: 1 });
    });

    it('hand out one and the same promise while nothing changes', () => {
      expect(pinned.current(ref)).toBe(pinned.current(ref));
    });

    it('do not ask the store again within the interval, less its jitter', async () => {
      clock.forward(7.9);
      await pinned.current(ref);
      await settled();
      expect(store.calls.currentVersion).toBe(1);
    });

    it('ask in the background past the interval, without letting the call wait', async () => {
      const release = store.hold();
      clock.forward(12.1);
      expect(revealed(await pinned.current(ref))).toBe('first');
      expect(store.calls.currentVersion).toBe(2);
      release();
    });

    it('ask once, however many calls find the refresh due', async () => {
      clock.forward(12.1);
      await Promise.all(Array.from({ length: 50 }, () => pinned.current(ref)));
      await settled();
      expect(store.calls).toEqual({ currentVersion: 2, read: 1 });
    });

    it('keep the pinned version until the refresh has read the newer one', async () => {
      const before = await pinned.current(ref);
      await store.put(ref, password('second'));
      expect(revealed(await pinned.current(ref))).toBe('first');
      clock.forward(12.1);
      expect(revealed(pinned.peek(ref))).toBe('first');
      await settled();
      expect(revealed(await pinned.current(ref))).toBe('second');
      expect(pinned.versionsInUse()).toEqual([{ ref, version: 2 }]);
      expect(revealed(before)).toBe('first');
    });

    it('read anew when the path was erased and written again with the same number', async () => {
      store.erase(ref);
      await store.put(ref, password('recreated'));
      clock.forward(12.1);
      pinned.peek(ref);
      await settled();
      expect(revealed(pinned.peek(ref))).toBe('recreated');
      expect(pinned.versionsInUse()).toEqual([{ ref, version: 1 }]);
    });

    it.each(['deleted', 'destroyed'] as const)(
      'fail at the next refresh once the version is %s, and come back with it',
      async (state) => {
        store.mark(ref, 1, state);
        clock.forward(12.1);
        pinned.peek(ref);
        await settled();
        expect(pinned.peek(ref)).toBeUndefined();
        await expect(pinned.current(ref)).rejects.toThrow(SecretNotFound);
        store.mark(ref, 1, 'readable');
        clock.forward(1.1);
        expect(revealed(await pinned.current(ref))).toBe('first');
      },
    );

    it('do not fall back to the older version when the newer one is deleted', async () => {
      await store.put(ref, password('second'));
      store.mark(ref, 2, 'deleted');
      clock.forward(12.1);
      pinned.peek(ref);
      await settled();
      await expect(pinned.current(ref)).rejects.toThrow(SecretNotFound);
    });

    it('fail at the next refresh once the store refuses us', async () => {
      store.failWith('denied');
      clock.forward(12.1);
      pinned.peek(ref);
      await settled();
      await expect(pinned.current(ref)).rejects.toThrow(SecretStoreUnavailable);
      expect(pinned.versionsInUse()).toEqual([]);
    });

    it.each(['sealed', 'unreachable'] as const)(
      'serve the known version while the store is %s, up to the bound and no longer',
      async (condition) => {
        store.failWith(condition);
        for (let waited = 0; waited < 300; waited += 30) {
          clock.forward(30);
          expect(revealed(await pinned.current(ref))).toBe('first');
          await settled();
        }
        clock.forward(0.001);
        await expect(pinned.current(ref)).rejects.toMatchObject({ condition });
        expect(pinned.versionsInUse()).toEqual([]);
        expect(problems.length).toBeGreaterThan(1);
      },
    );

    it('go on for a full bound once the store confirmed the version again', async () => {
      store.failWith('unreachable');
      clock.forward(299);
      await pinned.current(ref);
      await settled();
      store.failWith(undefined);
      clock.forward(1);
      await pinned.current(ref);
      await settled();
      store.failWith('unreachable');
      clock.forward(299);
      expect(revealed(await pinned.current(ref))).toBe('first');
    });

    it('ask the store when the clock was set back, for then age tells nothing', async () => {
      clock.forward(-3600);
      expect(pinned.peek(ref)).toBeUndefined();
      expect(revealed(await pinned.current(ref))).toBe('first');
      expect(store.calls.currentVersion).toBe(2);
    });

    it('read anew after forget', async () => {
      pinned.forget(ref);
      expect(pinned.peek(ref)).toBeUndefined();
      expect(pinned.versionsInUse()).toEqual([]);
      await pinned.current(ref);
      expect(store.calls.read).toBe(2);
    });
  });

  it('let 32 first calls share one read', async () => {
    const versions = await Promise.all(
      Array.from({ length: 32 }, () => pinned.current({ ...ref })),
    );
    expect(store.calls).toEqual({ currentVersion: 1, read: 1 });
    expect(new Set(versions).size).toBe(1);
  });

  it('let a failed first read answer everybody for a second, then ask again', async () => {
    store.failWith('unreachable');
    const outcomes = await Promise.allSettled(
      Array.from({ length: 32 }, () => pinned.current(ref)),
    );
    expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true);
    clock.forward(0.9);
    await expect(pinned.current(ref)).rejects.toThrow(SecretStoreUnavailable);
    expect(store.calls.currentVersion).toBe(1);
    clock.forward(0.1);
    store.failWith(undefined);
    expect(revealed(await pinned.current(ref))).toBe('first');
    expect(store.calls.currentVersion).toBe(2);
  });

  it('do not let a read that was under way at forget come back as the pinned version', async () => {
    const release = store.hold();
    const waiting = pinned.current(ref);
    pinned.forget(ref);
    release();
    expect(revealed(await waiting)).toBe('first');
    expect(pinned.peek(ref)).toBeUndefined();
  });

  it('never answer for another ref, wherever the slash is', async () => {
    const part = fc.stringMatching(/^[ab/]{1,4}$/).filter((text) => !/^\/|\/$|\/\//.test(text));
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.tuple(part, part), { minLength: 2, maxLength: 6, selector: String }),
        async (refs) => {
          const fresh = new InMemorySecretStore();
          const credentials = new PinnedCredentials({ store: fresh, clock });
          for (const [mount, path] of refs) {
            await fresh.put({ mount, path }, password(JSON.stringify([mount, path])));
            await credentials.current({ mount, path });
          }
          for (const [mount, path] of refs) {
            expect(revealed(credentials.peek({ mount, path }))).toBe(JSON.stringify([mount, path]));
          }
        },
      ),
    );
  });

  describe('with a store that misbehaves', () => {
    class Misbehaving extends SecretStore {
      constructor(private readonly answer: () => SecretVersion) {
        super();
      }
      override async currentVersion(): Promise<VersionMark> {
        return { version: 2, writing: 'now' };
      }
      override async read(): Promise<SecretVersion> {
        return this.answer();
      }
    }
    const over = (answer: () => SecretVersion): PinnedCredentials =>
      new PinnedCredentials({ store: new Misbehaving(answer), clock });

    it.each([
      ['version', { ref, version: 1 }],
      ['path', { ref: { mount: 'secret', path: 'legacy/other' }, version: 2 }],
      ['mount', { ref: { mount: 'other', path: ref.path }, version: 2 }],
    ])('refuse the secret of another %s', async (_what, other) => {
      const credentials = over(() => ({ ...other, fields: password('wrong one') }));
      await expect(credentials.current(ref)).rejects.toThrow(SecretMalformed);
      expect(credentials.peek(ref)).toBeUndefined();
    });

    it('tell nothing of a foreign error but its class', async () => {
      const credentials = over(() => JSON.parse('canary-5e41') as SecretVersion);
      const refusal: unknown = await credentials.current(ref).catch((error: unknown) => error);
      expect(refusal).toBeInstanceOf(SecretStoreUnavailable);
      expect(inspect(refusal, { depth: null, showHidden: true })).not.toContain('canary');
      expect(String(refusal)).toContain('SyntaxError');
    });
  });

  it('stay hidden when they are printed', async () => {
    await store.put(ref, password('canary-91d0'));
    await pinned.current(ref);
    const printed = inspect([pinned, pinned.versionsInUse()], { depth: null, showHidden: true });
    expect(printed + JSON.stringify(pinned)).not.toContain('canary-91d0');
  });
});
