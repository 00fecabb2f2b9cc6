import {
  type DynamicModule,
  Module,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import {
  compileDetection,
  DetectionPipeline,
  type DetectionSettings,
  NetworkZones,
  StreamRound,
  UpkeepOfDetections,
} from '#detection';
import { type DeadLetters, type EventBus, EventFactory, type SubscriptionProgress } from '#events';
import { type AppContext, Rounds } from '#platform';
import { EvidenceReader } from './evidence-reader.js';
import { RulesOfTier } from './rules-of-tier.js';
import { type SentinelState } from './sentinel-health.js';
import { sentinelMetrics, type SentinelMetrics } from './sentinel-metrics.js';
import { type SentinelStores } from './sentinel-stores.js';
import { ToldDetections } from './told-detections.js';
import { TriedSettings } from './tried-settings.js';

export { addSentinelHealth } from './sentinel-health.js';
export { type SentinelStores, sentinelStores } from './sentinel-stores.js';

/** What a sentinel works between, and as whom. */
export interface SentinelModuleParts {
  readonly context: AppContext;
  readonly stores: SentinelStores;
  readonly bus: EventBus;
  readonly deadLetters: DeadLetters;
  /** Named in the source of its events. */
  readonly component: 'sentinel' | 'standalone';
}

const SECOND_MS = 1_000;
const STREAM_MS = 10_000;
const AGAIN_MS = 60_000;
const HOUR_MS = 3_600_000;

/** Looks for misuse: at each event as it comes, and at windows of them in rounds. */
export class Sentinel implements OnApplicationBootstrap, OnApplicationShutdown, SentinelState {
  private readonly declared: DetectionSettings;
  private readonly metrics: SentinelMetrics;
  private readonly told: ToldDetections;
  private readonly events: EventFactory;
  private readonly tried: TriedSettings;
  private readonly reader: EvidenceReader;
  private readonly rounds: readonly Rounds[];

  constructor(private readonly parts: SentinelModuleParts) {
    const { context, stores, component } = parts;
    const { config, clock, log, metrics } = context;
    const { environment, deployment } = config;
    this.declared = compileDetection(config.detection, { environment, deployment });
    this.metrics = sentinelMetrics(metrics);
    this.told = new ToldDetections(log, this.metrics);
    this.events = new EventFactory({ clock, environment, deployment, component });
    this.tried = new TriedSettings(this.declared, stores);
    this.reader = this.readerOf();
    this.rounds = this.roundsOf();
    metrics.gaugeOf('sentinel_idle_seconds', 'Since the event bus was last heard of', () => {
      return this.progress.idleMs / 1_000;
    });
  }

  get failure(): Error | undefined {
    return this.reader.failure;
  }

  get progress(): SubscriptionProgress {
    return this.reader.progress;
  }

  get note(): string | undefined {
    return this.tried.note;
  }

  onApplicationBootstrap(): void {
    this.reader.start();
    for (const rounds of this.rounds) rounds.onApplicationBootstrap();
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all([
      this.reader.stop(),
      ...this.rounds.map((rounds) => rounds.onApplicationShutdown()),
    ]);
    await this.parts.stores.duty.close();
  }

  private readerOf(): EvidenceReader {
    const { context, stores, bus, deadLetters } = this.parts;
    const { clock, log, config } = context;
    const pipeline = new DetectionPipeline({
      ...stores,
      ...{ settings: this.declared, events: this.events, clock },
      zones: new NetworkZones(config.detection.zones),
    });
    return new EvidenceReader({
      ...{ deployment: config.deployment, bus, deadLetters, clock },
      take: async (batch) => this.told.tell(await pipeline.take(batch)),
      observer: this.observer(),
      onProblem: (message) => log.warn(message),
    });
  }

  private observer(): SentinelMetrics['observer'] {
    const { log } = this.parts.context;
    return {
      ...this.metrics.observer,
      onTrouble: (place, reason) => log.warn({ ...place, reason }, 'evidence waits'),
      onDeadLetter: (place, errorClass) => {
        this.metrics.observer.onDeadLetter?.(place, errorClass);
        log.error({ ...place, errorClass }, 'a record became a dead letter: no rule looks at it');
      },
    };
  }

  private roundsOf(): readonly Rounds[] {
    const { context, stores } = this.parts;
    const { clock } = context;
    const { store, log: evidence } = stores;
    const upkeep = new UpkeepOfDetections({ store, events: this.events, clock });
    const [stream, batch] = [this.roundOf('stream'), this.roundOf('batch')];
    return [
      this.every(STREAM_MS, 'stream rules', () => this.compute(() => stream.look())),
      this.every(AGAIN_MS, 'late evidence', () => this.compute(() => stream.lookAgain())),
      this.every(HOUR_MS, 'batch rules', () => this.compute(() => batch.look())),
      this.every(AGAIN_MS, 'settings', () => this.tried.look(clock.now())),
      this.every(SECOND_MS, 'dry runs', () => this.tried.tryAsked(clock.now())),
      this.every(HOUR_MS, 'old detections', () => upkeep.closeOld()),
      this.every(HOUR_MS, 'old evidence', () => evidence.purge(clock.now())),
    ];
  }

  private roundOf(tier: 'stream' | 'batch'): StreamRound {
    const { context, stores } = this.parts;
    const { tried } = this;
    return new StreamRound({
      ...stores,
      evaluator: new RulesOfTier(stores.evaluator, tier),
      get settings() {
        return tried.current;
      },
      events: this.events,
      clock: context.clock,
    });
  }

  /** By one sentinel of a deployment: others would come to the same, at the same cost. */
  private async compute(look: () => ReturnType<StreamRound['look']>): Promise<void> {
    if (!(await this.parts.stores.duty.isOurs())) return;
    const beganAt = performance.now();
    const sum = await look();
    this.metrics.round(performance.now() - beganAt, sum.failed.length);
    this.told.tell(sum);
    for (const { rule, error } of sum.failed) {
      this.parts.context.log.warn({ rule, err: error }, 'a rule could not be computed');
    }
  }

  private every(everyMs: number, duty: string, work: () => Promise<unknown>): Rounds {
    const onFault = (err: unknown): void => {
      this.metrics.failed(duty);
      this.parts.context.log.warn({ duty, err }, 'a duty of the sentinel could not be done');
    };
    return new Rounds({ everyMs, duties: [work], onFault });
  }
}

/** The sentinel as a part of an application. Who registers it closes bus and database, after the application. */
@Module({})
export class SentinelModule {
  static register(sentinel: Sentinel): DynamicModule {
    return {
      module: SentinelModule,
      providers: [{ provide: Sentinel, useFactory: () => sentinel }],
    };
  }
}
