import { setTimeout as pause } from 'node:timers/promises';
import { type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { type ResponseOrder, type ResponseOrders, type ResponseResult } from '#detection';
import { type Clock, DependencyUnavailable } from '#kernel';
import { type CarryOutResponse } from './carry-out-response.js';

/** Between two looks while nothing is ordered. */
const IDLE_MS = 100;
const TROUBLE_MS = 1_000;
/** Suspensions that end look no closer than that. */
const EXPIRED_EVERY_MS = 1_000;
const AT_ONCE = 20;
/** As long as an order takes at worst; a control process that was killed holds it up for so long. */
const LEASE_MS = 3_000;
const ATTEMPTS_MAX = 5;

/** Who counts and logs what becomes of responses. */
export interface ResponseObserver {
  readonly settled: (order: ResponseOrder, result: ResponseResult, tookMs: number) => void;
  readonly takenBack: (order: ResponseOrder) => void;
  readonly failed: (error: unknown, order: ResponseOrder | undefined) => void;
}

export interface ResponseLoopParts {
  readonly orders: ResponseOrders;
  readonly effects: CarryOutResponse;
  readonly clock: Clock;
  readonly observer: ResponseObserver;
}

/** Carries out what the sentinel orders, and takes back what was for a time. One for each control process. */
export class ResponseLoop implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly #stopping = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #expiredAtMs = -Infinity;

  constructor(private readonly parts: ResponseLoopParts) {}

  onApplicationBootstrap(): void {
    this.#running = this.#run();
  }

  /** Resolves when no order is being carried out any more. */
  async onApplicationShutdown(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const restMs = await this.#turn().catch((error: unknown) => {
        this.parts.observer.failed(error, undefined);
        return TROUBLE_MS;
      });
      if (restMs > 0) await pause(restMs, undefined, { signal }).catch(() => undefined);
    }
  }

  async #turn(): Promise<number> {
    const { orders } = this.parts;
    const claimed = await orders.claim(AT_ONCE, LEASE_MS);
    for (const order of claimed) await this.#carryOut(order);
    if (performance.now() - this.#expiredAtMs >= EXPIRED_EVERY_MS) await this.#endExpired();
    return claimed.length === AT_ONCE ? 0 : IDLE_MS;
  }

  async #carryOut(order: ResponseOrder): Promise<void> {
    const { orders, effects, clock, observer } = this.parts;
    try {
      const result = await effects.carryOut(order);
      await orders.settle(order, result);
      observer.settled(order, result, clock.now().getTime() - order.orderedAt.getTime());
    } catch (error) {
      observer.failed(error, order);
      // What is away comes back; what fails by itself would fail for ever.
      if (error instanceof DependencyUnavailable || order.attempts < ATTEMPTS_MAX) return;
      await orders.settle(order, 'failed');
      observer.settled(order, 'failed', clock.now().getTime() - order.orderedAt.getTime());
    }
  }

  async #endExpired(): Promise<void> {
    const { orders, effects, clock, observer } = this.parts;
    for (const order of await orders.expired(clock.now(), AT_ONCE)) {
      if (await effects.takeBack(order)) observer.takenBack(order);
      await orders.settle(order, 'done');
    }
    this.#expiredAtMs = performance.now();
  }
}
