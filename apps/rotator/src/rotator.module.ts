import {
  type DynamicModule,
  Module,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { EventFactory } from '#events';
import { randomId } from '#kernel';
import { type AppContext, Rounds } from '#platform';
import { RequestRotation, RotationEngine, type RotationPlan } from '#rotation';
import { BreakerDuty } from './breaker-duty.js';
import { logTransition } from './rotation-log.js';
import { RotationLoop, type RotationLoopParts } from './rotation-loop.js';
import { rotationMetrics, type RotationMetrics } from './rotation-metrics.js';
import { RotationOverview } from './rotation-overview.js';
import { rotationPlans } from './rotation-plans.js';
import { type RotationStores, type RotatorSecrets } from './rotator-parts.js';
import { type RotatorState } from './rotator-health.js';
import { SaidSeldom } from './said-seldom.js';
import { ScheduleWatch } from './schedule-watch.js';
import { StoreClock } from './store-clock.js';
import { TalliedLoginBudget } from './tallied-login-budget.js';
import { ToldRotations } from './told-rotations.js';
import { VersionUpkeep } from './version-upkeep.js';
import { VersionWatch } from './version-watch.js';

export { addRotatorHealth } from './rotator-health.js';
export { type RotationStores, rotationStores, type RotatorSecrets } from './rotator-parts.js';

/** What a rotator works between, and as whom. */
export interface RotatorModuleParts extends RotatorSecrets {
  readonly context: AppContext;
  readonly stores: RotationStores;
  /** Named in the source of its events. */
  readonly component: 'rotator' | 'standalone';
}

/** A step that does not end is left behind: whoever takes the rotation next begins with a look at what was done. */
const STOP_WAIT_MS = 10_000;
const SECOND_MS = 1_000;
const SLOW_MS = 5_000;
const HOUR_MS = 3_600_000;

/** Rotates credentials: the rotations that are due, and the watches that ask for more. */
export class Rotator implements OnApplicationBootstrap, OnApplicationShutdown, RotatorState {
  private readonly plans: ReadonlyMap<string, RotationPlan>;
  private readonly metrics: RotationMetrics;
  private readonly stores: RotationStores;
  private readonly clock: StoreClock;
  private readonly loop: RotationLoop;
  private readonly overview: RotationOverview;
  private readonly watch: VersionWatch;
  private readonly rounds: readonly Rounds[];
  private readonly said = new SaidSeldom();
  private unpublished: string | undefined;
  private isPublished = false;

  /** @throws ResourceInvalid, ChangerSettingsRefused */
  constructor(private readonly parts: RotatorModuleParts) {
    const { config, clock, metrics } = parts.context;
    this.plans = rotationPlans({ config, clock, secrets: parts.secrets });
    this.metrics = rotationMetrics(metrics);
    this.stores = this.told(parts.stores);
    this.clock = new StoreClock(clock, parts.stores.now);
    const events = this.eventFactory();
    this.loop = this.loopWith(events);
    const { active: onActive } = this.metrics;
    this.overview = new RotationOverview({ store: this.stores.store, clock: this.clock, onActive });
    this.watch = this.watchWith(events);
    this.rounds = this.roundsWith(events);
    metrics.gaugeOf(
      'rotation_watch_age_seconds',
      'Since it was last known of every managed credential which version is the newest in the secret store',
      () => this.watch.ageSeconds,
    );
  }

  /** A resource has a rotation section. */
  get isNeeded(): boolean {
    return this.plans.size > 0;
  }

  get trouble(): string | undefined {
    return this.loop.trouble;
  }

  get note(): string | undefined {
    const { manualRequired, overdue } = this.overview;
    const notes = [manualRequired, overdue, this.watch.note, this.unpublished];
    if (!this.isNeeded) notes.push('no resource has a rotation section: nothing is rotated');
    const there = notes.filter((note) => note !== undefined);
    return there.length === 0 ? undefined : there.join('; ');
  }

  get stalledSeconds(): number {
    return this.isNeeded ? this.loop.stalledSeconds : 0;
  }

  get slowestStep(): RotatorState['slowestStep'] {
    return this.loop.slowestStep;
  }

  get isStuck(): boolean {
    return this.loop.isStuck;
  }

  onApplicationBootstrap(): void {
    if (!this.isNeeded) return;
    void this.loop.run();
    for (const rounds of this.rounds) rounds.onApplicationBootstrap();
  }

  async onApplicationShutdown(): Promise<void> {
    if (!this.isNeeded) return;
    await Promise.all([
      this.loop.stop(STOP_WAIT_MS),
      ...this.rounds.map((rounds) => rounds.onApplicationShutdown()),
    ]);
  }

  private told(stores: RotationStores): RotationStores {
    const { log } = this.parts.context;
    const store = new ToldRotations(stores.store, (transition) => {
      this.metrics.transition(transition);
      logTransition(log, transition);
    });
    return { ...stores, store, budget: new TalliedLoginBudget(stores.budget, this.metrics.login) };
  }

  private eventFactory(): EventFactory {
    const { context, component } = this.parts;
    const { environment, deployment } = context.config;
    return new EventFactory({ clock: context.clock, environment, deployment, component });
  }

  private loopWith(events: EventFactory): RotationLoop {
    const { context, secrets, values, wraps } = this.parts;
    const { clock } = this;
    const steps = new RotationEngine({
      ...this.stores,
      ...{ secrets: values, values: secrets, plans: this.plans, events, clock },
      ...{ wrapping: wraps?.wrapping, wraps: wraps?.intake },
    });
    const onProblem = (message: string): void => {
      this.metrics.failed('rotations');
      context.log.warn(message);
    };
    const { store: all } = this.stores;
    const store: RotationLoopParts['store'] = {
      lease: (owner, leaseMs) => clock.begin().then(() => all.lease(owner, leaseMs)),
      renew: (lease, leaseMs) => all.renew(lease, leaseMs),
    };
    return new RotationLoop({ store, steps, clock, owner: randomId('rotator'), onProblem });
  }

  private watchWith(events: EventFactory): VersionWatch {
    const { context, secrets } = this.parts;
    const { book, journal } = this.stores;
    return new VersionWatch({
      ...{ credentials: [...this.plans.values()], secrets, book, journal, events },
      clock: this.clock,
      requests: this.requestsWith(events),
      onCredential: this.metrics.credential,
      onProblem: this.problemOf('versions'),
      onAlarm: (message) => context.log.error(message),
    });
  }

  private requestsWith(events: EventFactory): RequestRotation {
    const { clock } = this;
    const { store, book } = this.stores;
    return new RequestRotation({ store, book, terms: this.plans, events, clock });
  }

  private roundsWith(events: EventFactory): readonly Rounds[] {
    const { upkeep, ...stores } = this.stores;
    const { context, secrets, values } = this.parts;
    const { clock } = this;
    const breaker = new BreakerDuty({
      ...{ ...stores, plans: this.plans, secrets, events, clock },
      lookNow: (resource) => this.watch.lookNow(resource),
      onClosed: (message) => context.log.info(message),
      onProblem: this.problemOf('breakers'),
    });
    const schedule = new ScheduleWatch({
      ...{ terms: [...this.plans.values()], clock },
      requests: this.requestsWith(events),
      onProblem: this.problemOf('schedules'),
    });
    const versions = new VersionUpkeep({ upkeep, values, onProblem: this.problemOf('upkeep') });
    // Each in rounds of its own: one that waits for a server that does not answer delays no other.
    return [
      this.every(SECOND_MS, 'clock', () => clock.follow()),
      this.every(SECOND_MS, 'versions', () => this.watch.look()),
      this.every(SECOND_MS, 'breakers', () => breaker.look()),
      this.every(SLOW_MS, 'schedules', () => schedule.look()),
      this.every(SLOW_MS, 'overview', () => this.overview.look()),
      this.every(SLOW_MS, 'upkeep', () => versions.look()),
      this.every(SLOW_MS, 'intake', () => this.publish()),
      this.every(HOUR_MS, 'purge', () => upkeep.purge()),
    ];
  }

  /** Until it has succeeded once nobody can hand over a wrapping token. Where none are taken there is no key. */
  private async publish(): Promise<void> {
    const { wraps } = this.parts;
    const takesNone = [...this.plans.values()].every(({ wrapped }) => wrapped === undefined);
    if (wraps === undefined || takesNone || this.isPublished) return;
    this.unpublished = 'the intake key is not published yet: no wrapping tokens can be handed over';
    await wraps.intake.publish();
    this.isPublished = true;
    this.unpublished = undefined;
  }

  private every(everyMs: number, name: string, duty: () => Promise<void>): Rounds {
    const problem = this.problemOf(name);
    const onFault = (failure: unknown): void =>
      problem(failure instanceof Error ? failure.message : 'unknown failure');
    return new Rounds({ everyMs, duties: [duty], onFault });
  }

  private problemOf(duty: string): (message: string) => void {
    return (message) => {
      this.metrics.failed(duty);
      if (this.said.isDue(`${duty}: ${message}`)) this.parts.context.log.warn({ duty }, message);
    };
  }
}

/** The rotator as a part of an application. Who registers it closes secret store and database, after the application. */
@Module({})
export class RotatorModule {
  static register(rotator: Rotator): DynamicModule {
    return {
      module: RotatorModule,
      providers: [{ provide: Rotator, useFactory: () => rotator }],
    };
  }
}
