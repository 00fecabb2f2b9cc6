import { validEvent } from '#events';
import { sha256 } from '#kernel';
import { SimulatedTraffic } from './traffic.js';

const VOLUME = { seed: 7, events: 4_000, workloads: 20, days: 10, episodes: 2 };

const drawn = (volume = VOLUME) => [...new SimulatedTraffic(volume).days()].flat();

describe('simulated traffic', () => {
  const traffic = drawn();

  it('consists of events that the catalogue knows', () => {
    expect(traffic.length).toBeGreaterThan(3_000);
    for (const { event } of traffic) validEvent(event);
  });

  it('is the same for the same seed, and another for another', () => {
    const told = (events: readonly unknown[]): string => sha256(JSON.stringify(events));
    expect(told(drawn())).toBe(told(traffic));
    expect(told(drawn({ ...VOLUME, seed: 8 }))).not.toBe(told(traffic));
  });

  it('numbers the events of each key without gaps', () => {
    const numbers = new Map<string, number[]>();
    for (const { event } of traffic) {
      const lane = `${event.env} ${event.partitionkey}`;
      numbers.set(lane, [...(numbers.get(lane) ?? []), Number(event.sequence)]);
    }
    for (const lane of numbers.values()) {
      const sorted = lane.sort((one, other) => one - other);
      expect(sorted).toEqual(sorted.map((_, index) => index + 1));
    }
  });

  it('has every nuisance, and every attack that it says it has', () => {
    const nuisances = new Set(traffic.map(({ label }) => label.nuisance).filter(Boolean));
    for (const one of ['timeout retry', 'pod reschedule', 'scale-out', 'certificate renewal']) {
      expect(nuisances).toContain(one);
    }
    expect(nuisances).toContain('rotation');
    const launched = new SimulatedTraffic(VOLUME).attacks.map(({ name }) => name);
    const seen = new Set(traffic.flatMap(({ label }) => label.attack?.name ?? []));
    expect([...seen].sort()).toEqual([...launched].sort());
    expect(launched).toHaveLength(40);
  });

  it('is without attacks where none is asked for', () => {
    const benign = drawn({ ...VOLUME, episodes: 0 });
    expect(benign.filter(({ label }) => label.attack !== undefined)).toEqual([]);
    expect(benign.length).toBeGreaterThan(3_000);
  });
});
