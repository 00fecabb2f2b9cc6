import { Buffer } from 'node:buffer';
import {
  type BusRecord,
  Consumption,
  type ConsumptionKind,
  type ConsumptionObserver,
  type DeadLetter,
  EventUnreadable,
  type RecordPlace,
  type RejectedRecord,
  TOPICS,
} from '#events';
import { DependencyUnavailable } from '#kernel';
import { FixedClock, TEST_NOW } from '#testing';

const PLACE: RecordPlace = { topic: TOPICS.call, partition: 3, offset: '7' };
const BUG = new TypeError('reads secret-4711 of undefined');
const AWAY = new DependencyUnavailable('postgresql', 'PostgreSQL at db:5432: no answer in time');

/** Recorded two seconds before it is handled. */
const RECORD = {
  topic: TOPICS.call,
  key: 'k',
  event: { recordedtime: new Date(new FixedClock().now().getTime() - 2_000).toISOString() },
} as BusRecord;

/** Gives records to a consumption as a bus does: the handler first, then what became of it. */
class Bus {
  readonly letters: DeadLetter[] = [];
  readonly pauses: number[] = [];
  readonly told: string[] = [];
  readonly ages: number[] = [];
  lettersAway = false;
  calls = 0;

  private readonly consuming: ReturnType<Consumption['of']>;

  constructor(kind: ConsumptionKind['kind'], handler: (call: number) => Promise<void>) {
    const consumption = new Consumption({
      ...(kind === 'state'
        ? { kind }
        : { kind, deadLetters: { add: (letter) => this.add(letter) } }),
      group: 'postern-watch',
      clock: new FixedClock(),
      pause: async (ms) => void this.pauses.push(ms),
      jitter: () => 0,
      observer: this.observer(),
    });
    this.consuming = consumption.of(() => {
      this.calls += 1;
      return handler(this.calls);
    });
  }

  async give(place = PLACE, unreadable?: EventUnreadable): Promise<string> {
    const error =
      unreadable ??
      (await this.consuming.handle(RECORD, place).then(
        () => undefined,
        (thrown: unknown) => thrown as Error,
      ));
    if (error === undefined) return 'handled';
    return this.consuming.onRejected(rejectedAt(place, error));
  }

  private async add(letter: DeadLetter): Promise<void> {
    if (this.lettersAway) throw new DependencyUnavailable('kafka', 'no broker can be reached');
    this.letters.push(letter);
  }

  private observer(): ConsumptionObserver {
    const say = (what: string) => (place: RecordPlace, why?: string) =>
      void this.told.push([what, `${place.partition}/${place.offset}`, why].join(' ').trim());
    return {
      onRetry: say('retry'),
      onDeadLetter: say('dead letter'),
      onTrouble: say('trouble'),
      onRecovered: say('recovered'),
      onHandled: (_, ageMs) => void this.ages.push(ageMs),
      onAlarm: ({ place, errorClass }) => say('alarm')(place, errorClass),
    };
  }
}

const rejectedAt = (place: RecordPlace, error: Error): RejectedRecord => ({
  place,
  record: { key: 'k', value: Buffer.from('{}') },
  writtenAt: TEST_NOW.toISOString(),
  error,
});
const failing = (errors: readonly Error[]) => async (call: number) => {
  const error = errors[call - 1];
  if (error !== undefined) throw error;
};
const always = (error: Error) => async () => {
  throw error;
};

describe('consumption of evidence', () => {
  it('asks a handler again after pauses that grow, and goes on when it resolves', async () => {
    const bus = new Bus('evidence', failing([BUG, BUG, BUG]));
    expect(await bus.give()).toBe('handled');
    expect(bus.pauses).toEqual([100, 200, 400]);
    expect(bus.told.at(-1)).toBe('recovered 3/7');
    expect(bus.ages).toEqual([2_000]);
    expect(bus.letters).toEqual([]);
  });

  it('buries a record after five attempts, and passes it', async () => {
    const bus = new Bus('evidence', always(BUG));
    expect(await bus.give()).toBe('passed');
    expect(bus.calls).toBe(5);
    expect(bus.letters).toHaveLength(1);
    expect(bus.letters[0]).toMatchObject({
      group: 'postern-watch',
      place: PLACE,
      attempts: 5,
      firstFailedAt: new FixedClock().now().toISOString(),
    });
    expect(bus.told).toContain('dead letter 3/7 TypeError');
    expect(bus.told.join()).not.toContain('secret-4711');
  });

  it('buries an unreadable record without asking any handler', async () => {
    const bus = new Bus('evidence', always(BUG));
    const problem = new EventUnreadable('not_json', 'the value of the record is no JSON');
    expect(await bus.give(PLACE, problem)).toBe('passed');
    expect(bus.calls).toBe(0);
    expect(bus.letters[0]?.attempts).toBe(0);
    expect(bus.told).toEqual(['dead letter 3/7 event-unreadable/not_json']);
  });

  it('stands still while no dead letter can be written, and then tries the record once', async () => {
    const bus = new Bus('evidence', always(BUG));
    bus.lettersAway = true;
    expect(await bus.give()).toBe('blocked');
    expect(bus.told.at(-1)).toBe('trouble 3/7 no dead letter: dependency-unavailable');
    bus.lettersAway = false;
    expect(await bus.give()).toBe('passed');
    expect(bus.calls).toBe(6);
    expect(bus.letters[0]?.attempts).toBe(6);
  });

  it('never buries a record for a dependency that is away', async () => {
    const bus = new Bus('evidence', always(AWAY));
    for (let round = 0; round < 20; round += 1) expect(await bus.give()).toBe('blocked');
    expect(bus.letters).toEqual([]);
    // Five attempts at first, then one each time that the bus gives it again.
    expect(bus.calls).toBe(24);
    expect(bus.told.at(-1)).toBe(`trouble 3/7 dependency-unavailable: ${AWAY.message}`);
  });

  it('counts only what the record is to blame for', async () => {
    const bus = new Bus('evidence', async (call) => {
      throw call <= 5 ? AWAY : BUG;
    });
    const verdicts: string[] = [];
    while (bus.letters.length === 0) verdicts.push(await bus.give());
    expect(verdicts).toEqual(['blocked', 'blocked', 'blocked', 'blocked', 'blocked', 'passed']);
    expect(bus.letters[0]?.attempts).toBe(5);
  });
});

describe('consumption of state', () => {
  it('blocks at a record that cannot be handled, and calls once', async () => {
    const bus = new Bus('state', always(BUG));
    for (let round = 0; round < 3; round += 1) expect(await bus.give()).toBe('blocked');
    expect(bus.told.filter((line) => line.startsWith('alarm'))).toEqual(['alarm 3/7 TypeError']);
    expect(bus.calls).toBe(7);
  });

  it('blocks at an unreadable record, and calls once', async () => {
    const bus = new Bus('state', failing([]));
    const problem = new EventUnreadable('unknown_type', 'unknown');
    expect(await bus.give(PLACE, problem)).toBe('blocked');
    expect(await bus.give(PLACE, problem)).toBe('blocked');
    expect(bus.told).toEqual(['alarm 3/7 event-unreadable/unknown_type']);
  });

  it('calls nobody for a dependency that is away', async () => {
    const bus = new Bus('state', always(AWAY));
    expect(await bus.give()).toBe('blocked');
    expect(bus.told.some((line) => line.startsWith('alarm'))).toBe(false);
  });

  it('calls again for another record of the partition, and tells when it goes on', async () => {
    let healed = false;
    const bus = new Bus('state', async () => {
      if (!healed) throw BUG;
    });
    await bus.give();
    healed = true;
    expect(await bus.give()).toBe('handled');
    healed = false;
    await bus.give({ ...PLACE, offset: '8' });
    expect(bus.told.filter((line) => !line.startsWith('retry'))).toEqual([
      'alarm 3/7 TypeError',
      'recovered 3/7',
      'alarm 3/8 TypeError',
    ]);
  });
});

it('consumption: shortens its pauses by the jitter, to half at most', async () => {
  const pauses: number[] = [];
  const { handle } = new Consumption({
    kind: 'state',
    group: 'g',
    clock: new FixedClock(),
    pause: async (ms) => void pauses.push(ms),
    jitter: () => 0.999,
  }).of(always(BUG));
  await expect(handle(RECORD, PLACE)).rejects.toBe(BUG);
  expect(pauses).toEqual([50, 100, 200, 400]);
});
