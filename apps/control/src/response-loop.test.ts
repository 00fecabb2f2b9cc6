import { type ResponseOrder, type ResponseResult } from '#detection';
import { DependencyUnavailable } from '#kernel';
import { EventFactory } from '#events';
import {
  aCandidate,
  DETECTION_AT,
  detectionSettings,
  FixedClock,
  InMemoryDetectionStore,
  InMemoryEventJournal,
  InMemoryResponseOrders,
  settingsWith,
} from '#testing';
import { until } from '../../../test/support/until.js';
import { ResponseLoop, type ResponseLoopParts } from './response-loop.js';

const ATTEMPTS_MAX = 5;

interface Settled {
  readonly order: ResponseOrder;
  readonly result: ResponseResult;
  readonly tookMs: number;
}

/** A loop over orders in memory; `effects` is what a test says becomes of them. */
class LoopUnderTest {
  readonly clock = new FixedClock(DETECTION_AT);
  readonly events = new EventFactory({
    ...{ clock: this.clock, environment: 'prod', deployment: 'postern-prod', component: 'control' },
  });
  readonly orders = new InMemoryResponseOrders(new InMemoryEventJournal(), this.events);
  readonly store = new InMemoryDetectionStore(new InMemoryEventJournal(), this.orders);
  readonly settled: Settled[] = [];
  readonly failures: unknown[] = [];
  readonly takenBack: ResponseOrder[] = [];
  readonly carried: ResponseOrder[] = [];
  carryOut: (order: ResponseOrder) => Promise<ResponseResult> = () => Promise.resolve('done');
  takeBack: () => Promise<boolean> = () => Promise.resolve(true);
  readonly #loop: ResponseLoop;

  constructor() {
    const effects = {
      carryOut: (order: ResponseOrder) => {
        this.carried.push(order);
        return this.carryOut(order);
      },
      takeBack: () => this.takeBack(),
    } as unknown as ResponseLoopParts['effects'];
    const observer = {
      settled: (order: ResponseOrder, result: ResponseResult, tookMs: number) =>
        void this.settled.push({ order, result, tookMs }),
      takenBack: (order: ResponseOrder) => void this.takenBack.push(order),
      failed: (error: unknown) => void this.failures.push(error),
    };
    this.#loop = new ResponseLoop({ orders: this.orders, effects, clock: this.clock, observer });
  }

  async order(count = 1, settings = detectionSettings({ responseBudget: 1_000 })): Promise<void> {
    const candidates = Array.from({ length: count }, () => aCandidate());
    await this.store.raise(candidates, { settings, events: this.events, now: this.clock.now() });
  }

  async timed(seconds: number): Promise<void> {
    const responses = [{ action: 'suspend_grant', target: 'grant:g', seconds } as const];
    const candidates = [aCandidate({ rule: 'D02', responses })];
    const settings = settingsWith('D02', { mode: 'enforce' });
    await this.store.raise(candidates, { settings, events: this.events, now: this.clock.now() });
  }

  start(): void {
    this.#loop.onApplicationBootstrap();
  }

  stop(): Promise<void> {
    return this.#loop.onApplicationShutdown();
  }
}

describe('the loop that carries responses out', () => {
  let under: LoopUnderTest;
  beforeEach(() => {
    under = new LoopUnderTest();
  });
  afterEach(() => under.stop());

  it('settles each order once, the oldest first, and says how long it waited', async () => {
    await under.order(45); // More than it takes at once.
    const ids = under.orders.all.map(({ id }) => id);
    under.clock.advance(3);
    under.start();
    await until('all are settled', () => under.settled.length === 45);
    expect(under.settled.map(({ order }) => order.id)).toEqual(ids);
    expect(under.carried).toHaveLength(45);
    expect(under.settled[0]).toMatchObject({ result: 'done', tookMs: 3_000 });
    expect(under.failures).toEqual([]);
  });

  it('takes up what is ordered while it runs', async () => {
    under.start();
    await under.order();
    await until('it is settled', () => under.settled.length === 1);
  });

  it('tells what found nothing to do as that', async () => {
    under.carryOut = () => Promise.resolve('nothing_to_do');
    await under.order();
    under.start();
    await until('it is settled', () => under.settled.length === 1);
    expect(under.orders.records[0]!.result).toBe('nothing_to_do');
  });

  it('goes on with the other orders when one fails, and tries that one no more than it may', async () => {
    await under.order(2);
    const [broken] = under.orders.all;
    jumpLeases(under);
    under.carryOut = ({ id }) =>
      id === broken!.id ? Promise.reject(new Error('a bug')) : Promise.resolve('done');
    under.start();
    await until('both are settled', () => under.settled.length === 2);
    expect(under.settled.map(({ result }) => result).sort()).toEqual(['done', 'failed']);
    expect(under.carried.filter(({ id }) => id === broken!.id)).toHaveLength(ATTEMPTS_MAX);
    expect(under.failures).toHaveLength(ATTEMPTS_MAX);
  });

  it('gives up on nothing for as long as what it needs is away', async () => {
    await under.order();
    jumpLeases(under);
    let isAway = true;
    under.carryOut = () =>
      isAway
        ? Promise.reject(new DependencyUnavailable('PostgreSQL', 'away'))
        : Promise.resolve('done');
    under.start();
    await until('it was tried often', () => under.failures.length > ATTEMPTS_MAX + 2);
    expect(under.settled).toEqual([]);
    isAway = false;
    await until('it is settled', () => under.settled.length === 1);
    expect(under.settled[0]!.result).toBe('done');
  });

  it('goes on when orders cannot be asked for', async () => {
    const claim = under.orders.claim.bind(under.orders);
    let asked = 0;
    under.orders.claim = (...args) => {
      asked += 1;
      if (asked === 1) return Promise.reject(new DependencyUnavailable('PostgreSQL', 'away'));
      return claim(...args);
    };
    await under.order();
    under.start();
    await until('it is settled', () => under.settled.length === 1);
    expect(under.failures).toHaveLength(1);
  });

  it('takes back what was for a time, once its time is over and not before', async () => {
    await under.timed(900);
    under.start();
    await until('it is settled', () => under.settled.length === 1);
    await until('it was looked for what is over', () => looks(under) > 1);
    expect(under.takenBack).toEqual([]);
    under.clock.advance(900);
    await until('it is taken back', () => under.takenBack.length === 1);
    await until('that is known', () => under.orders.records[0]!.endedAt !== undefined);
    expect(under.takenBack).toHaveLength(1);
  });

  it('tells nothing of what somebody else has taken back before, and asks no more about it', async () => {
    under.takeBack = () => Promise.resolve(false);
    await under.timed(900);
    under.start();
    await until('it is settled', () => under.settled.length === 1);
    under.clock.advance(900);
    await until('it is known', () => under.orders.records[0]!.endedAt !== undefined);
    expect(under.takenBack).toEqual([]);
  });

  it('ends when what it carries out has ended, and begins nothing more', async () => {
    let release: (result: ResponseResult) => void = () => undefined;
    under.carryOut = () => new Promise((resolve) => (release = resolve));
    await under.order();
    under.start();
    await until('it is under way', () => under.carried.length === 1);
    const stopped = under.stop();
    release('done');
    await stopped;
    expect(under.settled).toHaveLength(1);
    await under.order();
    expect(under.carried).toHaveLength(1);
  });
});

/** Leases are of the machine's time: an order that failed is given again at once. */
function jumpLeases({ orders }: LoopUnderTest): void {
  const claim = orders.claim.bind(orders);
  orders.claim = (limit) => claim(limit, 0);
}

const counted = new WeakMap<LoopUnderTest, { count: number }>();

/** How often the loop has looked for what is over. */
function looks(under: LoopUnderTest): number {
  const known = counted.get(under);
  if (known !== undefined) return known.count;
  const counter = { count: 0 };
  counted.set(under, counter);
  const expired = under.orders.expired.bind(under.orders);
  under.orders.expired = (...args) => {
    counter.count += 1;
    return expired(...args);
  };
  return 0;
}
