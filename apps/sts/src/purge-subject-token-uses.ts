import { setInterval } from 'node:timers';
import { type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { type SubjectTokenUses } from '#handles';
import { type Clock } from '#kernel';

const EVERY_MS = 3_600_000;

/** Forgets the uses of expired subject tokens, at the start and every hour. Many processes may do so at once. */
export class PurgeSubjectTokenUses implements OnApplicationBootstrap, OnApplicationShutdown {
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(
    private readonly parts: {
      readonly uses: SubjectTokenUses;
      readonly clock: Clock;
      readonly onFault: (failure: unknown) => void;
    },
  ) {}

  onApplicationBootstrap(): void {
    this.#start();
    this.#timer = setInterval(() => {
      this.#start();
    }, EVERY_MS).unref();
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.#timer);
    await this.#running;
  }

  #start(): void {
    this.#running = this.#running.then(() => this.#purge());
  }

  /** A purge that fails costs space and nothing else: the next one does its work. */
  async #purge(): Promise<void> {
    const { uses, clock, onFault } = this.parts;
    await uses.purge(clock.now()).catch(onFault);
  }
}
