import fc from 'fast-check';
import { EVENT_BYTES_MAX, EventFactory, type PosternEvent } from '#events';
import { DependencyUnavailable } from '#kernel';
import { type Grant } from '#policy';
import {
  aGrant,
  aGrantSet,
  codePoint,
  FixedClock,
  InMemoryEventJournal,
  InMemoryGrantSource,
} from '#testing';
import { changeOf } from './grant-set-change.js';
import { listed } from './listed.js';
import { PolicyJournal } from './policy-journal.js';

const RUNS = process.env['POSTERN_TEST_VOLUME'] === 'long' ? 10_000 : 200;
const CHANGED = 'dev.postern.policy.changed.v1';
const REJECTED = 'dev.postern.policy.rejected.v1';

/** As PostgreSQL counts it: jsonb as text has a space after each comma and colon. */
const storedBytes = (event: PosternEvent): number =>
  Buffer.byteLength(JSON.stringify(event, null, 1).replaceAll(/\n */g, ' '));

class Under {
  readonly journal = new InMemoryEventJournal();
  readonly faults: unknown[] = [];
  readonly grants: InMemoryGrantSource;
  readonly policy: PolicyJournal;

  constructor(grants: readonly Grant[] = [aGrant()]) {
    this.grants = new InMemoryGrantSource(aGrantSet(grants));
    this.policy = PolicyJournal.over({
      grants: this.grants,
      journal: this.journal,
      events: new EventFactory({
        clock: new FixedClock(),
        environment: 'dev',
        deployment: 'test',
        component: 'control',
      }),
      onFault: (failure) => this.faults.push(failure),
    });
  }
}

const named = (id: string, overrides: Partial<Grant> = {}): Grant => aGrant({ id, ...overrides });

describe('the journal of the policy', () => {
  it('tells at the start which set is in force, with every grant as new', async () => {
    const under = new Under([named('a'), named('b')]);
    await under.policy.flush();
    const { digest } = under.grants.current();
    expect(under.journal.of(CHANGED)).toEqual([
      {
        grant_set_digest: digest,
        grants: 2,
        grants_added: ['a', 'b'],
        grants_removed: [],
        grants_changed: [],
      },
    ]);
  });

  it('tells what a new set adds, removes and changes', async () => {
    const under = new Under([named('a'), named('b'), named('c')]);
    await under.policy.flush();
    const previous = under.grants.current().digest;
    under.grants.replace(aGrantSet([named('b', { maxTtlSeconds: 301 }), named('c'), named('d')]));
    await under.policy.flush();
    expect(under.journal.of(CHANGED).at(-1)).toEqual({
      grant_set_digest: under.grants.current().digest,
      previous_digest: previous,
      grants: 3,
      grants_added: ['d'],
      grants_removed: ['a'],
      grants_changed: ['b'],
    });
    expect(under.journal.events[1]).toMatchObject({
      subject: 'policy/grants',
      partitionkey: 'policy/grants',
      severitytext: 'INFO',
    });
  });

  it('tells nothing of a set that gives the same', async () => {
    const under = new Under();
    under.grants.replace(aGrantSet([aGrant({ file: 'elsewhere.yaml' })]));
    await under.policy.flush();
    expect(under.journal.events).toHaveLength(1);
  });

  it('tells as an error that files were rejected, and which set stays in force', async () => {
    const under = new Under();
    await under.policy.flush();
    under.grants.reject({ files: ['b.yaml'], problems: ['b.yaml: version: expected a number'] });
    await under.policy.flush();
    expect(under.journal.of(REJECTED)).toEqual([
      {
        grant_set_digest: under.grants.current().digest,
        files: ['b.yaml'],
        problems: ['b.yaml: version: expected a number'],
      },
    ]);
    expect(under.journal.events[1]?.severitytext).toBe('ERROR');
  });

  it('keeps what it cannot write, says so, and writes it in order when it can', async () => {
    const under = new Under();
    under.journal.setReachable(false);
    under.grants.replace(aGrantSet([named('b')]));
    under.grants.reject({ files: [], problems: ['gone'] });
    await expect(under.policy.flush()).rejects.toThrow(DependencyUnavailable);
    expect(under.faults[0]).toBeInstanceOf(DependencyUnavailable);
    under.journal.setReachable(true);
    await under.policy.flush();
    expect(under.journal.events.map(({ type }) => type)).toEqual([CHANGED, CHANGED, REJECTED]);
    await under.policy.flush();
    expect(under.journal.events).toHaveLength(3);
  });

  it('writes each event once when many ask at once', async () => {
    const under = new Under();
    await Promise.all(Array.from({ length: 5 }, () => under.policy.flush()));
    expect(under.journal.events).toHaveLength(1);
  });

  it('gives up the oldest of more than 1,000 that wait', async () => {
    const under = new Under();
    under.journal.setReachable(false);
    for (let n = 0; n < 1_000; n += 1) under.grants.reject({ files: [], problems: [`p${n}`] });
    await expect(under.policy.flush()).rejects.toThrow(DependencyUnavailable);
    under.journal.setReachable(true);
    await under.policy.flush();
    expect(under.journal.of(CHANGED)).toEqual([]);
    const problems = under.journal.of(REJECTED).map(({ problems: [line] }) => line);
    expect([problems.length, problems[0], problems.at(-1)]).toEqual([1_000, 'p0', 'p999']);
  });
});

describe('an event of the policy', () => {
  const id = (n: number): string => `${'g'.repeat(58)}${String(n).padStart(5, '0')}`;

  it('fits into the outbox with as many grants as a folder can hold', async () => {
    const many = (from: number): Grant[] =>
      Array.from({ length: 2_000 }, (_, n) => named(id(from + n)));
    const under = new Under(many(0));
    under.grants.replace(aGrantSet(many(1_000)));
    await under.policy.flush();
    const [first, second] = under.journal.events;
    expect(storedBytes(first!)).toBeLessThan(EVENT_BYTES_MAX);
    expect(storedBytes(second!)).toBeLessThan(EVENT_BYTES_MAX);
    const change = under.journal.of(CHANGED)[1]!;
    const shown = change.grants_added.length + change.grants_removed.length;
    expect(change.grants_added.length).toBeGreaterThan(50);
    expect(shown + change.omitted!).toBe(2_000);
  });

  it('fits into the outbox whatever the files and their problems are called', async () => {
    const texts = fc.array(fc.string({ unit: codePoint, maxLength: 2_000 }), { maxLength: 300 });
    await fc.assert(
      fc.asyncProperty(texts, texts, async (files, problems) => {
        const under = new Under();
        under.grants.reject({ files, problems });
        await under.policy.flush();
        expect(storedBytes(under.journal.events.at(-1)!)).toBeLessThan(EVENT_BYTES_MAX);
        const told = under.journal.of(REJECTED)[0]!;
        expect(told.files.length + told.problems.length + (told.omitted ?? 0)).toBe(
          files.length + problems.length,
        );
      }),
      { numRuns: RUNS },
    );
  });

  it('lists at most 100 entries, each of at most 512 characters, from the first on', () => {
    const ids = Array.from({ length: 101 }, (_, n) => String(n));
    expect(listed(ids, 10_000)).toEqual({ kept: ids.slice(0, 100), omitted: 1 });
    expect(listed(['x'.repeat(513)], 10_000)).toEqual({ kept: ['x'.repeat(512)], omitted: 0 });
    expect(listed(['aa', 'bb'], 11)).toEqual({ kept: ['aa'], omitted: 1 });
    expect(listed([], 0)).toEqual({ kept: [], omitted: 0 });
  });

  it('names as changed exactly what stands in both sets with other terms', () => {
    const ids = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e'));
    fc.assert(
      fc.property(ids, ids, fc.constantFrom(1, 2), (before, after, version) => {
        const previous = aGrantSet(before.map((one) => named(one)));
        const change = changeOf(previous, aGrantSet(after.map((one) => named(one, { version }))));
        const both = after.filter((one) => before.includes(one)).sort();
        expect(change.grants_added).toEqual(after.filter((one) => !before.includes(one)).sort());
        expect(change.grants_removed).toEqual(before.filter((one) => !after.includes(one)).sort());
        expect(change.grants_changed).toEqual(version === 1 ? [] : both);
      }),
      { numRuns: RUNS },
    );
  });
});
