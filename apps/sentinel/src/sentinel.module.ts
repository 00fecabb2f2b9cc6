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
  type RoundSum,
  type RuleId,
  RULES,
  StreamCandidates,
  STREAMED_RULES,
  StreamRound,
} from '#detection';
import {
  type CandidateFeed,
  type ConsumptionObserver,
  type DeadLetters,
  type EventBus,
  EventFactory,
  type LineFeed,
  type SubscriptionProgress,
} from '#events';
import { type AppContext, Rounds } from '#platform';
import { CandidateReader } from './candidate-reader.js';
import { EvidenceReader } from './evidence-reader.js';
import { RulesOfTier } from './rules-of-tier.js';
import { type SentinelState } from './sentinel-health.js';
import { sentinelMetrics, type SentinelMetrics } from './sentinel-metrics.js';
import { type SentinelStores } from './sentinel-stores.js';
import { ToldDetections } from './told-detections.js';
import { TriedSettings } from './tried-settings.js';
import { UncomputedRules } from './uncomputed-rules.js';
import { vaultAuditWatch } from './vault-audit-parts.js';
import { type VaultAuditWatch } from './vault-audit-watch.js';

export { addSentinelHealth } from './sentinel-health.js';
export { type SentinelStores, sentinelStores } from './sentinel-stores.js';

/** What a sentinel works between, and as whom. */
export interface SentinelModuleParts {
  readonly context: AppContext;
  readonly stores: SentinelStores;
  readonly bus: EventBus;
  readonly deadLetters: DeadLetters;
  /**
   * Where a stream processor tells what it found; then the rules that look at windows are computed only there. Undefined:
   * all of them every ten seconds.
   */
  readonly candidates?: CandidateFeed;
  /** Where the lines of Vault's audit log come in; undefined: there is no Kafka. */
  readonly lines?: LineFeed;
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
  private readonly uncomputed = new UncomputedRules();
  private readonly reader: EvidenceReader;
  private readonly candidates: CandidateReader | undefined;
  private readonly vaultAudit: VaultAuditWatch | undefined;
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
    this.candidates = this.candidatesOf();
    this.vaultAudit = vaultAuditWatch(context, parts.lines, {
      ...{ ...stores, events: this.events, settings: () => this.tried.known(clock.now()) },
      onRaised: (sum) => this.told.tell(sum),
    });
    this.rounds = this.roundsOf();
    metrics.gaugeOf('sentinel_idle_seconds', 'Since the event bus was last heard of', () => {
      return this.progress.idleMs / 1_000;
    });
  }

  get failure(): Error | undefined {
    return this.reader.failure ?? this.candidates?.failure;
  }

  get progress(): SubscriptionProgress {
    return this.reader.progress;
  }

  get note(): string | undefined {
    const notes = [this.tried.note, this.uncomputed.note].filter((note) => note !== undefined);
    return notes.length === 0 ? undefined : notes.join('; ');
  }

  /** Of the candidates of a stream processor; undefined: none are read. */
  get candidateProgress(): SubscriptionProgress | undefined {
    return this.candidates?.progress;
  }

  onApplicationBootstrap(): void {
    this.reader.start();
    this.candidates?.start();
    this.vaultAudit?.start();
    for (const rounds of this.rounds) rounds.onApplicationBootstrap();
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all([
      this.reader.stop(),
      this.candidates?.stop(),
      this.vaultAudit?.stop(),
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

  private candidatesOf(): CandidateReader | undefined {
    const { context, stores, deadLetters, candidates: feed } = this.parts;
    const { clock, log, config } = context;
    if (feed === undefined) return undefined;
    const settings = (): Promise<DetectionSettings> => this.tried.known(clock.now());
    const { events } = this;
    return new CandidateReader({
      ...{ deployment: config.deployment, feed, deadLetters, clock },
      candidates: new StreamCandidates({
        ...{ ...stores, settings, events, clock },
        isCaughtUp: () => this.reader.progress.caughtUp,
      }),
      observer: this.observer(),
      onRaised: (sum) => this.told.tell(sum),
      onProblem: (message) => log.warn(message),
    });
  }

  private observer(): ConsumptionObserver {
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
    const { log: evidence } = stores;
    const [stream, batch] = [this.roundOf('stream'), this.roundOf('batch')];
    return [
      this.computing(STREAM_MS, 'stream rules', () => stream.look()),
      this.computing(AGAIN_MS, 'late evidence', () => stream.lookAgain()),
      this.computing(HOUR_MS, 'batch rules', () => batch.look()),
      this.every(AGAIN_MS, 'settings', () => this.tried.look(clock.now())),
      this.every(SECOND_MS, 'dry runs', () => this.tried.tryAsked(clock.now())),
      this.every(HOUR_MS, 'old evidence', () => evidence.purge(clock.now())),
    ];
  }

  private roundOf(tier: 'stream' | 'batch'): StreamRound {
    const { context, stores, candidates } = this.parts;
    const { tried } = this;
    // The round of those looks for gaps in the evidence as well, whoever computes them.
    const isElsewhere = (rule: RuleId): boolean =>
      candidates !== undefined && RULES[rule].tier === 'stream' && STREAMED_RULES.has(rule);
    return new StreamRound({
      ...stores,
      evaluator: new RulesOfTier(stores.evaluator, tier, isElsewhere),
      get settings() {
        return tried.current;
      },
      events: this.events,
      clock: context.clock,
      isCaughtUp: () => this.reader.progress.caughtUp,
    });
  }

  private computing(everyMs: number, duty: string, look: () => Promise<RoundSum>): Rounds {
    return this.every(everyMs, duty, async () => {
      // One sentinel of a deployment: others would come to the same, at the same cost.
      const failed = (await this.parts.stores.duty.isOurs()) ? await this.compute(look) : [];
      this.uncomputed.set(duty, failed);
    });
  }

  /** Resolves to the rules that could not be computed. */
  private async compute(look: () => Promise<RoundSum>): Promise<readonly RuleId[]> {
    await this.tried.known(this.parts.context.clock.now());
    const beganAt = performance.now();
    const sum = await look();
    this.metrics.round(performance.now() - beganAt, sum.failed.length);
    this.told.tell(sum);
    for (const { rule, error } of sum.failed) {
      this.parts.context.log.warn({ rule, err: error }, 'a rule could not be computed');
    }
    return sum.failed.map(({ rule }) => rule);
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
