import { setTimeout as pause } from 'node:timers/promises';
import { until } from '#testing';
import { HealthRegistry } from './health.js';
import { Metrics } from './metrics.js';
import { NegativeProber, type NegativeProberParts, PROBED_A_ROUND_MAX } from './negative-prober.js';
import { type Probe, type ProbeAnswer, type ProbeBreach } from './probe.js';

const EVERY_MS = 5;
const REFUSED: ProbeAnswer = { outcome: 'refused' };
const AWAY: ProbeAnswer = { outcome: 'unreachable', reason: 'nobody answers' };
const BREACHED: ProbeAnswer = {
  outcome: 'breached',
  permitted: 'a forged token',
  detail: 'answered 200',
};

let prober: NegativeProber | undefined;
let metrics: Metrics;
let seen: ProbeBreach[];
let recorded: ProbeBreach[];
let faults: unknown[];
let asked: string[];

beforeEach(() => {
  metrics = new Metrics();
  [seen, recorded, faults, asked] = [[], [], [], []];
});
afterEach(() => prober?.stop());

/** A probe whose answers are these, the last one for ever. */
function aProbe(answers: readonly ProbeAnswer[], overrides: Partial<Probe> = {}): Probe {
  const left = [...answers];
  return {
    door: 'exchange',
    name: 'exchange-of-forged-token',
    items: ['idp'],
    ask: async (item) => {
      asked.push(item);
      return (left.length > 1 ? left.shift() : left[0]) ?? REFUSED;
    },
    ...overrides,
  };
}

function begin(probes: readonly Probe[], parts: Partial<NegativeProberParts> = {}): NegativeProber {
  prober = new NegativeProber({
    probes,
    metrics,
    everySeconds: EVERY_MS / 1000,
    record: async (breach) => void recorded.push(breach),
    onBreach: (breach) => seen.push(breach),
    onFault: (failure) => faults.push(failure),
    ...parts,
  });
  prober.start();
  return prober;
}

const rounds = (count: number): Promise<void> =>
  until(() => asked.length >= count, `${count} answers, had ${asked.length}`);

async function runs(probe: string, outcome: string): Promise<number> {
  const line = (await metrics.text())
    .split('\n')
    .find((text) => text.includes(`probe="${probe}",outcome="${outcome}"`));
  return Number(line?.split(' ').at(-1) ?? 0);
}

describe('the negative prober', () => {
  it('asks at once and again, and finds nothing to say while all is refused', async () => {
    const running = begin([aProbe([REFUSED])]);
    expect(running.readiness()).toContain('1 of 1 not asked yet');
    await rounds(3);
    await running.stop();
    expect(running.readiness()).toBeUndefined();
    expect(await runs('exchange-of-forged-token', 'refused')).toBe(asked.length);
    expect([seen, recorded, faults]).toEqual([[], [], []]);
  });

  it('records a breach, and is not ready for the rest of its life although the next is refused', async () => {
    const running = begin([aProbe([REFUSED, BREACHED, REFUSED])]);
    await rounds(5);
    await running.stop();
    expect(recorded).toEqual([
      { door: 'exchange', permitted: 'a forged token', detail: 'answered 200' },
    ]);
    expect(seen).toEqual(recorded);
    expect(() => running.readiness()).toThrow('permitted what must be refused: a forged token');
    expect(await runs('exchange-of-forged-token', 'breached')).toBe(1);
  });

  it('turns the readiness of the process red, not only degraded', async () => {
    const health = new HealthRegistry();
    health.enter('serving');
    const running = begin([aProbe([BREACHED, REFUSED])]);
    health.add('prober', () => running.readiness());
    await rounds(2);
    expect(await health.readiness()).toMatchObject({
      ready: false,
      checks: [
        { name: 'prober', ok: false, reason: expect.stringContaining('a forged token') as string },
      ],
    });
  });

  it('is degraded, and never claims to be green, while it cannot ask', async () => {
    const running = begin([aProbe([REFUSED, AWAY])]);
    await rounds(2);
    await until(() => running.readiness() !== undefined, 'the doubt');
    expect(running.readiness()).toBe('exchange-of-forged-token (idp): nobody answers');
    expect(recorded).toEqual([]);
  });

  it('is in order again when it can ask again', async () => {
    const running = begin([aProbe([AWAY, AWAY, REFUSED])]);
    await rounds(4);
    expect(running.readiness()).toBeUndefined();
    expect(await runs('exchange-of-forged-token', 'unreachable')).toBe(2);
  });

  it('takes a probe that fails for one that could not be asked', async () => {
    const failing = aProbe([], { ask: () => Promise.reject(new Error('ECONNREFUSED')) });
    const running = begin([failing]);
    await until(() => running.readiness()?.includes('ECONNREFUSED') === true, 'the reason');
  });

  it('goes on with the others when one cannot be asked', async () => {
    const failing = aProbe([], { ask: () => Promise.reject(new Error('away')) });
    begin([failing, aProbe([BREACHED], { door: 'call', name: 'call-without-handle' })]);
    await until(() => recorded.length > 0, 'the breach');
    expect(recorded[0]).toMatchObject({ door: 'call' });
  });

  it('never has two questions under way, however long one takes', async () => {
    const atOnce = { now: 0, most: 0 };
    const slow = (name: string): Probe =>
      aProbe([], {
        name,
        ask: async (item) => {
          atOnce.now += 1;
          atOnce.most = Math.max(atOnce.most, atOnce.now);
          await pause(4 * EVERY_MS);
          atOnce.now -= 1;
          asked.push(item);
          return REFUSED;
        },
      });
    begin([slow('one'), slow('another')]);
    await rounds(5);
    expect(atOnce.most).toBe(1);
  });

  it('ends a question at its deadline', async () => {
    const hanging = aProbe([], {
      ask: (_item, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(new Error('aborted')));
        }),
    });
    const running = begin([hanging], { deadlineMs: 10 });
    await until(() => running.readiness()?.includes('within 10 ms') === true, 'the deadline');
  });

  it('does not let an older answer stand while a probe hangs that heeds no deadline', async () => {
    let release: (answer: ProbeAnswer) => void = () => undefined;
    let times = 0;
    const hanging = aProbe([], {
      ask: async () => {
        times += 1;
        if (times !== 2) return REFUSED;
        return new Promise((resolve) => (release = resolve));
      },
    });
    const running = begin([hanging], { deadlineMs: 10 });
    await until(() => running.readiness()?.includes('within 10 ms') === true, 'the doubt');
    expect(times).toBe(2);
    release(BREACHED); // Late, and it counts.
    await until(() => recorded.length === 1, 'the late breach');
  });

  it('records a breach when the journal is back', async () => {
    const away = new Error('the journal is away');
    let isAway = true;
    const record = async (breach: ProbeBreach): Promise<void> => {
      if (isAway) throw away;
      recorded.push(breach);
    };
    const running = begin([aProbe([BREACHED, REFUSED])], { record });
    await until(() => faults.length >= 2, 'two attempts');
    expect(new Set(faults)).toEqual(new Set([away]));
    expect(() => running.readiness()).toThrow('a forged token');
    isAway = false;
    await until(() => recorded.length > 0, 'the record');
    await rounds(asked.length + 2);
    expect(recorded).toHaveLength(1);
  });

  it('asks of many items in turn, so many a round', async () => {
    const items = Array.from({ length: PROBED_A_ROUND_MAX + 5 }, (_, n) => `resource-${n}`);
    const running = begin([aProbe([REFUSED], { items })], { everySeconds: 3600 });
    await rounds(PROBED_A_ROUND_MAX);
    await running.stop();
    expect(asked).toEqual(items.slice(0, PROBED_A_ROUND_MAX));
    expect(running.readiness()).toBe('exchange-of-forged-token: 5 of 25 not asked yet');
  });

  it('comes to every item in time', async () => {
    const items = Array.from({ length: PROBED_A_ROUND_MAX + 5 }, (_, n) => `resource-${n}`);
    const running = begin([aProbe([REFUSED], { items })]);
    await rounds(2 * items.length);
    expect(running.readiness()).toBeUndefined();
    expect(asked.slice(0, 2 * items.length)).toEqual([...items, ...items]);
  });

  it('lets go of what is under way when it is stopped, and says nothing of it', async () => {
    let begun = 0;
    const hanging = aProbe([], {
      ask: (_item, signal) =>
        new Promise((_resolve, reject) => {
          begun += 1;
          signal.addEventListener('abort', () => reject(new Error('aborted')));
        }),
    });
    const running = begin([hanging]);
    await until(() => begun === 1, 'the question');
    await running.stop();
    await pause(4 * EVERY_MS);
    expect(begun).toBe(1);
    expect(await runs('exchange-of-forged-token', 'unreachable')).toBe(0);
  });
});
