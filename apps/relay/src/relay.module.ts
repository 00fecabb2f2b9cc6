import {
  type DynamicModule,
  Module,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { type Metrics } from '#platform';
import { RelayLoop, type RelayParts } from './relay-loop.js';
import { relayMetrics } from './relay-metrics.js';
import { Upkeep } from './upkeep.js';

export interface RelayModuleParts extends Omit<RelayParts, 'observer'> {
  readonly metrics: Metrics;
  /** Housekeeping of the outbox: partitions ahead, old ones dropped. Once an hour. */
  readonly maintain: () => Promise<void>;
  /** Gets the loop, for a health check. */
  readonly onStart?: (loop: RelayLoop) => void;
}

/** Starts the relay with the application and stops it with the application. */
class RelayLifecycle implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly loop: RelayLoop;
  private readonly upkeep: Upkeep;

  constructor(private readonly parts: RelayModuleParts) {
    this.loop = new RelayLoop({ ...parts, observer: relayMetrics(parts.metrics) });
    this.upkeep = new Upkeep(parts.maintain, parts.onProblem);
  }

  onApplicationBootstrap(): void {
    this.parts.onStart?.(this.loop);
    this.upkeep.start();
    void this.loop.run();
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all([this.loop.stop(), this.upkeep.stop()]);
  }
}

/** The relay as a part of an application. Who registers it closes bus and database, after the application. */
@Module({})
export class RelayModule {
  static register(parts: RelayModuleParts): DynamicModule {
    return {
      module: RelayModule,
      providers: [{ provide: RelayLifecycle, useFactory: () => new RelayLifecycle(parts) }],
    };
  }
}
