import { setInterval } from 'node:timers';
import { type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';

const EVERY_MS = 60_000;

export interface RoundsParts {
  /** Each is done whatever becomes of the others, and should end early when the signal is aborted. */
  readonly duties: readonly ((signal: AbortSignal) => Promise<unknown>)[];
  readonly onFault: (failure: unknown) => void;
  /** Default 60,000. */
  readonly everyMs?: number;
}

/**
 * Does its duties at the start and every minute, one after the other. A round that is still under way when the next is
 * due is left to end; a duty that fails is told of and done again by the next round.
 */
export class Rounds implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly #stopping = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #round: Promise<void> | undefined;

  constructor(private readonly parts: RoundsParts) {}

  onApplicationBootstrap(): void {
    this.#begin();
    this.#timer = setInterval(() => {
      this.#begin();
    }, this.parts.everyMs ?? EVERY_MS).unref();
  }

  /** Resolves when nothing is under way any more. */
  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.#timer);
    this.#stopping.abort();
    await this.#round;
  }

  #begin(): void {
    this.#round ??= this.#go().finally(() => {
      this.#round = undefined;
    });
  }

  async #go(): Promise<void> {
    const { duties, onFault } = this.parts;
    const { signal } = this.#stopping;
    for (const duty of duties) {
      if (!signal.aborted) await duty(signal).catch(onFault);
    }
  }
}
