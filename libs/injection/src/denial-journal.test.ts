import { EventFactory } from '#events';
import { DependencyUnavailable } from '#kernel';
import { FixedClock, InMemoryEventJournal } from '#testing';
import { CallAttempt } from './call-attempt.js';
import { CallDenied } from './call-denied.js';
import { DenialJournal } from './denial-journal.js';

const unknown = new CallDenied({ code: 'invalid_token', reason: 'unknown', detail: 'no such' });
const expired = new CallDenied({ code: 'invalid_token', reason: 'expired', detail: 'too late' });

const from = (peerAddress: string, headers: string[] = []): CallAttempt =>
  new CallAttempt({ method: 'GET', rawHeaders: headers }, { correlationId: 'req_1', peerAddress });

describe('the journal of denied calls', () => {
  let clock: FixedClock;
  let journal: InMemoryEventJournal;
  let denials: DenialJournal;
  beforeEach(() => {
    clock = new FixedClock();
    journal = new InMemoryEventJournal();
    const origin = { clock, environment: 'dev', deployment: 'test', component: 'proxy' } as const;
    denials = new DenialJournal({
      journal,
      clock,
      events: new EventFactory(origin),
      environment: 'dev',
    });
  });
  const written = (): [reason: string, count: number | undefined][] =>
    journal.of('dev.postern.call.denied.v1').map(({ reason, count }) => [reason, count]);

  it('writes the first of a kind at once', async () => {
    await denials.record(unknown, from('192.0.2.1', ['User-Agent', 'x'.repeat(300)]));
    expect(written()).toEqual([['unknown', undefined]]);
    expect(journal.of('dev.postern.call.denied.v1')[0]!.client).toEqual({
      ip: '192.0.2.1',
      user_agent: 'x'.repeat(200),
    });
  });

  it('sums what follows within a second into one event, and loses none', async () => {
    for (let n = 0; n < 500; n += 1) await denials.record(unknown, from('192.0.2.1'));
    clock.advance(0.999);
    await denials.flushDue();
    expect(written()).toEqual([['unknown', undefined]]);
    clock.advance(0.001);
    await denials.flushDue();
    expect(written()).toEqual([
      ['unknown', undefined],
      ['unknown', 499],
    ]);
  });

  it('writes the sum with the next of its kind when nobody flushed', async () => {
    for (let n = 0; n < 3; n += 1) await denials.record(unknown, from('192.0.2.1'));
    clock.advance(1);
    await denials.record(unknown, from('192.0.2.1'));
    expect(written()).toEqual([
      ['unknown', undefined],
      ['unknown', 2],
      ['unknown', undefined],
    ]);
  });

  it('tells reasons and peers apart', async () => {
    await denials.record(unknown, from('192.0.2.1'));
    await denials.record(expired, from('192.0.2.1'));
    await denials.record(unknown, from('192.0.2.2'));
    expect(written()).toHaveLength(3);
  });

  it('tells handles apart, not what was presented: whoever varies the guess stays one kind', async () => {
    for (let n = 0; n < 3; n += 1) {
      const attempt = from('192.0.2.1');
      attempt.presented(`digest-${n}`, true);
      await denials.record(unknown, attempt);
    }
    expect(written()).toHaveLength(1);
  });

  describe('of handles of other environments', () => {
    const foreign = new CallDenied({
      code: 'wrong-environment',
      reason: 'env_mismatch',
      detail: 'a handle of environment prod was used in dev',
    });
    const digestOf = (n: number): string => n.toString(16).padStart(8, '0').padEnd(64, '0');
    const presented = (n: number, peer = '192.0.2.1'): CallAttempt => {
      const attempt = from(peer);
      attempt.presented(digestOf(n), true);
      return attempt;
    };
    const told = (): (string | undefined)[] =>
      journal.of('dev.postern.call.denied.v1').map(({ handle_fp: fingerprint }) => fingerprint);
    const fingerprintOf = (n: number): string => digestOf(n).slice(0, 32);

    it.each([31, 32])('tells each of %d of a peer in one second by its digest', async (count) => {
      for (let n = 0; n < count; n += 1) await denials.record(foreign, presented(n));
      expect(told()).toEqual(Array.from({ length: count }, (_, n) => fingerprintOf(n)));
    });

    it('does not hide the stolen one among made-up ones that come again and again', async () => {
      for (let n = 0; n < 500; n += 1) await denials.record(foreign, presented(n % 20));
      await denials.record(foreign, presented(999));
      for (let n = 0; n < 500; n += 1) await denials.record(foreign, presented(n % 20));
      await denials.close();
      expect(told()).toContain(fingerprintOf(999));
      const counts = journal.of('dev.postern.call.denied.v1').map(({ count }) => count ?? 1);
      expect(counts.reduce((sum, one) => sum + one, 0)).toBe(1_001);
    });

    it('sums up those from the 33rd on, and begins anew after a second', async () => {
      for (let n = 0; n < 1_000; n += 1) await denials.record(foreign, presented(n));
      await denials.close();
      // 32, the first of the rest, and the rest as one.
      expect(told()).toHaveLength(34);
      expect(written().at(-1)).toEqual(['env_mismatch', 967]);
      clock.advance(0.999);
      await denials.record(foreign, presented(2_000));
      expect(told()).toHaveLength(35);
      await denials.record(foreign, presented(2_001));
      expect(told()).toHaveLength(35);
      clock.advance(0.001);
      await denials.record(foreign, presented(2_002));
      await denials.record(foreign, presented(2_003));
      expect(told()).toEqual(expect.arrayContaining([fingerprintOf(2_002), fingerprintOf(2_003)]));
    });

    it('counts each peer for itself, and 2,000 of all peers at most', async () => {
      for (let peer = 0; peer < 100; peer += 1) {
        for (let n = 0; n < 30; n += 1) {
          await denials.record(foreign, presented(peer * 100 + n, `peer-${peer}`));
        }
      }
      // Of the peers that come when the 2,000 are used up one each, as of any other reason.
      expect(told()).toHaveLength(2_000 + 34);
    });
  });

  it('holds a bounded number of kinds: a flood from everywhere is one kind a reason', async () => {
    for (let n = 0; n < 10_100; n += 1) await denials.record(unknown, from(`peer-${n}`));
    expect(written()).toHaveLength(10_001);
    await denials.close();
    expect(written().at(-1)).toEqual(['unknown', 99]);
  });

  it('rejects when the first cannot be written, and again until it can', async () => {
    journal.setReachable(false);
    for (let n = 0; n < 2; n += 1) {
      await expect(denials.record(unknown, from('192.0.2.1'))).rejects.toThrow(
        DependencyUnavailable,
      );
    }
    journal.setReachable(true);
    await denials.record(unknown, from('192.0.2.1'));
    expect(written()).toEqual([['unknown', undefined]]);
  });

  it('keeps a sum that cannot be written for the next time', async () => {
    for (let n = 0; n < 3; n += 1) await denials.record(unknown, from('192.0.2.1'));
    clock.advance(1);
    journal.setReachable(false);
    await expect(denials.flushDue()).rejects.toThrow(DependencyUnavailable);
    await expect(denials.record(unknown, from('192.0.2.1'))).rejects.toThrow(DependencyUnavailable);
    journal.setReachable(true);
    await denials.close();
    expect(written()).toEqual([
      ['unknown', undefined],
      ['unknown', 2],
    ]);
  });

  it('gives a sum the time of the last that it stands for, however late it is written', async () => {
    await denials.record(unknown, from('192.0.2.1'));
    clock.advance(0.5);
    await denials.record(unknown, from('192.0.2.1'));
    clock.advance(7);
    await denials.close();
    expect(journal.events.map(({ time }) => time)).toEqual([
      '2026-11-20T12:00:00.000Z',
      '2026-11-20T12:00:00.500Z',
    ]);
  });

  it('writes the same event again when a write failed', async () => {
    for (let n = 0; n < 2; n += 1) await denials.record(unknown, from('192.0.2.1'));
    const tried: string[] = [];
    const append = journal.append.bind(journal);
    journal.append = (events) => {
      tried.push(...events.map(({ id }) => id));
      return tried.length > 1 ? append(events) : Promise.reject(new Error('away'));
    };
    await expect(denials.close()).rejects.toThrow('away');
    await denials.close();
    expect(new Set(tried).size).toBe(1);
    expect(written()).toHaveLength(2);
  });

  it('loses none of those that waited for a first one that took longer than the second', async () => {
    let answer: () => void = () => undefined;
    const answered = new Promise<void>((resolve) => (answer = resolve));
    const append = journal.append.bind(journal);
    journal.append = (events) => answered.then(() => append(events));
    const both = [unknown, unknown].map((denied) => denials.record(denied, from('192.0.2.1')));
    clock.advance(1.1);
    await denials.flushDue();
    answer();
    await Promise.all(both);
    await denials.close();
    expect(written()).toEqual([
      ['unknown', undefined],
      ['unknown', 1],
    ]);
  });
});
