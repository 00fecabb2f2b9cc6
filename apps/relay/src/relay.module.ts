import {
  type DynamicModule,
  Module,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { type DeadLetters } from '#events';
import { type Metrics } from '#platform';
import { BacklogWatch } from './backlog-watch.js';
import { type CanaryOwner, CanaryWatch } from './canary-watch.js';
import { CheckpointWatch } from './checkpoint-watch.js';
import { CountedEventBus } from './counted-event-bus.js';
import { type OpenAudit } from './open-audit.js';
import { RelayLoop, type RelayParts } from './relay-loop.js';
import { checkpointMetrics, type RelayMetrics, relayMetrics } from './relay-metrics.js';
import { type Duty, Upkeep } from './upkeep.js';

export interface RelayModuleParts extends Omit<RelayParts, 'observer'> {
  readonly metrics: Metrics;
  /** Housekeeping of the outbox: partitions ahead, old ones dropped. Once an hour. */
  readonly maintain: () => Promise<unknown>;
  /** Tells of handles that expired; resolves to how many. Once a minute. */
  readonly tellExpired?: () => Promise<number>;
  /** Canaries that are written every ten seconds, and watched for on the bus. */
  readonly canaries?: CanaryOwner & {
    /** Writes those that are due. */
    readonly beat: () => Promise<unknown>;
    /** Where goes what lies among them and is none. */
    readonly deadLetters: DeadLetters;
  };
  /** Checkpoints over what was published; absent: there are none. */
  readonly audit?: OpenAudit;
  /** Gets a line for the log that somebody should be woken for. Default: as onProblem. */
  readonly onAlarm?: (message: string) => void;
  /** Gets what a health check asks. */
  readonly onStart?: (relay: RelayState) => void;
}

/** How the relay is, for health checks. */
export interface RelayState {
  /** Why nothing gets through; undefined while all is well. */
  readonly trouble: string | undefined;
  /** What is late or silent; undefined while nothing is. */
  readonly note: string | undefined;
  /** Seconds since a turn ended well. */
  readonly stalledSeconds: number;
  /** Events that waited when somebody last looked. */
  readonly waiting: number;
}

const LOOK_EVERY_MS = 10_000;
const EXPIRY_EVERY_MS = 60_000;
const MAINTAIN_EVERY_MS = 3_600_000;
const CHECKPOINT_LOOK_MS_MAX = 5_000;

/** Starts the relay with the application and stops it with the application. */
class RelayLifecycle implements OnApplicationBootstrap, OnApplicationShutdown, RelayState {
  private readonly loop: RelayLoop;
  private readonly backlog: BacklogWatch;
  private readonly canaryWatch: CanaryWatch | undefined;
  private readonly checkpoints: CheckpointWatch | undefined;
  private readonly upkeep: Upkeep;

  constructor(private readonly parts: RelayModuleParts) {
    const observer = relayMetrics(parts.metrics);
    const { outbox, onProblem, onAlarm = onProblem, canaries } = parts;
    const bus = new CountedEventBus(parts.bus, parts.metrics);
    this.loop = new RelayLoop({ ...parts, bus, observer });
    this.backlog = new BacklogWatch({
      backlog: () => outbox.backlog(),
      onBacklog: observer.backlog,
      onProblem,
      onAlarm,
    });
    if (canaries !== undefined) {
      const { deadLetters } = canaries;
      const told = {
        onSighting: observer.canary,
        onAges: observer.canaryAges,
        onDeadLetter: observer.deadLetter,
      };
      this.canaryWatch = new CanaryWatch({ ...parts, ...told, deadLetters, owner: canaries });
    }
    if (parts.audit !== undefined) {
      const figures = checkpointMetrics(parts.metrics);
      this.checkpoints = new CheckpointWatch({ ...parts.audit, figures, onProblem, onAlarm });
    }
    this.upkeep = new Upkeep(this.duties(observer), onProblem);
  }

  get trouble(): string | undefined {
    return this.loop.trouble;
  }

  get note(): string | undefined {
    const all = [this.backlog.note, this.canaryWatch?.note, this.checkpoints?.note];
    const notes = all.filter((note) => note !== undefined);
    return notes.length === 0 ? undefined : notes.join('; ');
  }

  get stalledSeconds(): number {
    return this.loop.stalledSeconds;
  }

  get waiting(): number {
    return this.backlog.last?.records ?? 0;
  }

  onApplicationBootstrap(): void {
    this.parts.onStart?.(this);
    this.upkeep.start();
    void this.loop.run();
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all([this.loop.stop(), this.upkeep.stop(), this.canaryWatch?.close()]);
    await this.parts.audit?.close();
  }

  private duties(observer: RelayMetrics): readonly Duty[] {
    const { maintain, tellExpired, canaries } = this.parts;
    const duties: Duty[] = [
      { name: 'outbox', everyMs: LOOK_EVERY_MS, work: () => this.backlog.look() },
      { name: 'upkeep', everyMs: MAINTAIN_EVERY_MS, work: maintain },
    ];
    if (tellExpired !== undefined) {
      const work = async (): Promise<void> => {
        observer.expired(await tellExpired());
      };
      duties.push({ name: 'expired handles', everyMs: EXPIRY_EVERY_MS, work });
    }
    return [
      ...duties,
      ...canaryDuties(canaries, this.canaryWatch),
      ...checkpointDuties(this.checkpoints, this.parts.audit),
    ];
  }
}

/** Looked for more often than they are made: each relay finds out for itself whether one is due. */
function checkpointDuties(
  watch: CheckpointWatch | undefined,
  audit: RelayModuleParts['audit'],
): Duty[] {
  if (watch === undefined || audit === undefined) return [];
  const everyMs = Math.min(audit.everySeconds * 500, CHECKPOINT_LOOK_MS_MAX);
  return [{ name: 'checkpoints', everyMs, work: () => watch.look() }];
}

/** Two, so that canaries are written and missed also while the bus cannot be read. */
function canaryDuties(
  canaries: RelayModuleParts['canaries'],
  watch: CanaryWatch | undefined,
): Duty[] {
  if (canaries === undefined || watch === undefined) return [];
  const write = async (): Promise<void> => {
    watch.tellAges();
    await canaries.beat();
  };
  return [
    { name: 'canary watch', everyMs: LOOK_EVERY_MS, work: () => watch.look() },
    { name: 'canaries', everyMs: LOOK_EVERY_MS, work: write },
  ];
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
