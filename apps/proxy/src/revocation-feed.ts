import { type DynamicModule, type INestMicroservice, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { EventServer, OriginalErrorsFilter } from '#adapters/nest';
import {
  Consumption,
  EventBus,
  KeptSubscription,
  type Subscription,
  type SubscriptionHandle,
  type SubscriptionProgress,
  type Topic,
} from '#events';
import { randomId } from '#kernel';
import { type Metrics, retryPace, waitAtMost } from '#platform';
import { RevocationEntries, type RevocationEntriesParts } from './revocation-entries.js';
import { RevocationStateConsumer } from './revocation-state.consumer.js';

export interface RevocationFeedParts extends Omit<RevocationEntriesParts, 'isCaughtUp'> {
  readonly bus: EventBus;
  readonly metrics: Metrics;
  readonly onProblem: (message: string, error?: unknown) => void;
}

export const REVOCATION_TOPICS: readonly Topic[] = ['postern.revocation-state.v1'];

/** Taking leave of a bus may take that long when a process ends: then the bus finds out by itself. */
export const FAREWELL_MS_MAX = 2_000;
/** Nothing was heard of the bus for that long, not even that there is nothing: it stands still. */
const SILENT_MS_MAX = 30_000;
const UNREAD = 'revocations are not read from the event bus, the re-check finds them alone';
const BEFORE: SubscriptionProgress = { idleMs: 0, caughtUp: false, blocked: [] };

/**
 * Reads the revocation state in a group of its own, from the beginning, for as long as the process lives. Without it, and
 * while the bus is away, the re-check of CallsInFlight and the age of what is remembered keep the same bound.
 */
export class RevocationFeed {
  #ended: string | undefined;

  private constructor(
    private readonly app: INestMicroservice,
    private readonly server: EventServer,
    private readonly entries: RevocationEntries,
  ) {}

  /** Does not wait for the bus, which may be away. */
  static async start(parts: RevocationFeedParts): Promise<RevocationFeed> {
    const { clock, metrics, onProblem } = parts;
    const group = `postern-proxy-${randomId('instance')}`;
    const server = new EventServer({
      group,
      bus: new KeptBus(parts),
      from: 'earliest',
      offsets: 'forgotten',
      // An entry that cannot be read is never passed by: it may be a revocation. Others than its partition go on.
      consumption: new Consumption({ kind: 'state', group, clock, ...retryPace }),
      onFailure: (error) => {
        feed.#ended = error.message;
        onProblem('the revocation state is not read any more', error);
      },
    });
    const isCaughtUp = (): boolean => server.progress?.caughtUp ?? false;
    const entries = new RevocationEntries({ ...parts, isCaughtUp });
    const module = RevocationFeedModule.register(entries);
    const app = await NestFactory.createMicroservice(module, { strategy: server, logger: false });
    const feed = new RevocationFeed(
      app.useGlobalFilters(new OriginalErrorsFilter()),
      server,
      entries,
    );
    metrics.gaugeOf(
      'revocation_feed_age_seconds',
      'Since the event bus was last heard of by the reader of the revocation state',
      () => feed.#progress.idleMs / 1_000,
    );
    await app.listen();
    return feed;
  }

  /** For readiness: in what it is degraded. Never a reason not to serve: the bound holds without it. */
  readonly trouble = (): string | undefined => {
    const { idleMs, blocked, caughtUp } = this.#progress;
    if (this.#ended !== undefined) return `${UNREAD}: ${this.#ended}`;
    if (idleMs > SILENT_MS_MAX) {
      return `${UNREAD}: nothing was heard of it for ${Math.round(idleMs / 1_000)} s`;
    }
    if (blocked.length > 0) {
      const places = blocked.map(
        ({ place: { topic, partition, offset }, reason }) =>
          `${topic}/${partition} at offset ${offset}: ${reason}`,
      );
      return `the revocation state stands still: ${places.join('; ')}`;
    }
    return caughtUp ? undefined : 'the revocation state is being loaded, and found by the re-check';
  };

  /** Resolves within seconds, also while the bus does not answer. */
  async stop(): Promise<void> {
    await waitAtMost(FAREWELL_MS_MAX, this.app.close());
    await this.entries.close();
  }

  get #progress(): SubscriptionProgress {
    return this.server.progress ?? BEFORE;
  }
}

/** Subscribes in the background, and again whenever the bus was gone. */
class KeptBus extends EventBus {
  constructor(private readonly parts: Pick<RevocationFeedParts, 'bus' | 'onProblem'>) {
    super();
  }

  override publish(...records: Parameters<EventBus['publish']>): Promise<void> {
    return this.parts.bus.publish(...records);
  }

  override subscribe(subscription: Subscription): Promise<SubscriptionHandle> {
    const { bus, onProblem } = this.parts;
    const kept = KeptSubscription.on(bus, subscription, {
      ...retryPace,
      onProblem: (message) => {
        onProblem(`the revocation state cannot be read: ${message}`);
      },
    });
    return Promise.resolve(kept);
  }

  override close(): Promise<void> {
    return this.parts.bus.close();
  }
}

@Module({})
class RevocationFeedModule {
  static register(entries: RevocationEntries): DynamicModule {
    return {
      module: RevocationFeedModule,
      controllers: [RevocationStateConsumer],
      providers: [{ provide: RevocationEntries, useValue: entries }],
    };
  }
}
