import { setTimeout as pause } from 'node:timers/promises';
import { LAYOUTS_BY_NAME, type TopicLayout } from '#events';
import { DependencyUnavailable } from '#kernel';
import { AdminConnection, isUnsettled } from './admin-connection.js';
import { createsTopicsUnasked, findTopics, type FoundCluster } from './found-topics.js';
import { type KafkaConnectOptions } from './kafka-connection.js';
import { changeTopics } from './topic-changes.js';
import {
  describeDifference,
  differencesOf,
  type DifferenceWeight,
  type TopicDifference,
} from './topic-differences.js';
import { isShown, type PlanTerms, stepsFor, type TopicStep } from './topic-plan.js';
import { type TopicDurability } from './topic-settings.js';

/** Which topics of Postern; without a word all that a cluster must have. */
export interface TopicSelection {
  readonly topics?: readonly string[];
}

/** How the topics of a cluster differ from what they must be. */
export interface TopicSurvey {
  readonly differences: readonly TopicDifference[];
  /** What could not be looked at, a line each. */
  readonly unseen: readonly string[];
}

const PATIENCE = { requestTimeoutMs: 5_000, retries: 0 };
/** A cluster may take its time to make a hundred partitions and more. */
const CHANGE_PATIENCE = { requestTimeoutMs: 35_000, retries: 0 };
const SHOWN_TIMEOUT_MS = 30_000;
const RETRY_PAUSE_MS = 500;
/** How long topics may come, go and change their leaders while they are looked at. */
const UNSETTLED_MS = 5_000;
const LOOK_PAUSE_MS = 50;
/** Between two looks at the settings by `health`. */
const LOOK_AGAIN_MS = 60_000;
/** As durable as a cluster of so many brokers can be, and goes on while one of three is away. */
const DURABLE: TopicDurability = { replicationFactor: 3, minInSyncReplicas: 2 };
const UNASKED: TopicDifference = {
  subject: 'a broker',
  weight: 'warning',
  what: 'has auto.create.topics.enable true, expected false',
  risk: 'a topic that is missing or misspelt is made unasked, with settings that lose records',
  remedy: 'set it to false in server.properties of each broker and restart it',
};

const NOT_SHOWN = 'it said yes to a change of topics, and does not show it yet';
const UNSEEN = 'auto.create.topics.enable of the brokers (DescribeConfigs on the cluster)';

/**
 * The topics of Postern on a cluster: are they there, as they must be, and what makes them so. Keeps one connection until
 * `close`.
 */
export class KafkaTopics {
  readonly #asking: AdminConnection;
  #checked: readonly string[] = [...LAYOUTS_BY_NAME.keys()];
  #warnings: readonly string[] = [];
  #lookedAt = Number.NEGATIVE_INFINITY;
  /** As the brokers were set when they were asked last: that costs each of them a connection. */
  #createsUnasked: boolean | undefined;

  constructor(private readonly options: KafkaConnectOptions) {
    this.#asking = new AdminConnection(options, PATIENCE);
  }

  /** Resolves when a broker answers. @throws DependencyUnavailable, within five seconds a broker */
  async ping(): Promise<void> {
    await this.#asking.ask((admin) => admin.describeCluster());
  }

  /** Tries until a broker answers. @throws DependencyUnavailable when none did for `deadlineMs`. */
  async reach(deadlineMs: number): Promise<void> {
    const until = performance.now() + deadlineMs;
    for (;;) {
      const failure = await this.ping().then(
        () => undefined,
        (error: unknown) => this.#asking.failureOf(error),
      );
      if (failure === undefined) return;
      if (performance.now() + RETRY_PAUSE_MS > until) throw failure;
      await pause(RETRY_PAUSE_MS);
    }
  }

  /**
   * Looks whether the topics are fit to work with, and resolves to what weakens them: a line each, for the log.
   * @throws DependencyUnavailable with a line for each topic that is missing, has another number of partitions, or is
   * cleaned up in another way
   */
  async check({ topics = this.#checked }: TopicSelection = {}): Promise<readonly string[]> {
    this.#checked = topics;
    const { differences } = await this.survey({ topics });
    return this.#judge(differences);
  }

  /**
   * For a health check: resolves to what weakens the topics that were checked last, looked at anew once a minute; to
   * undefined when nothing does.
   * @throws DependencyUnavailable when no broker answers, or a topic is not fit to work with any more
   */
  async health(): Promise<string | undefined> {
    if (performance.now() - this.#lookedAt < LOOK_AGAIN_MS) await this.ping();
    else this.#judge(await this.#compare({ topics: this.#checked }));
    const [first, ...others] = this.#warnings;
    if (first === undefined || others.length === 0) return first;
    return `${others.length + 1} warnings (postern topics check lists them): ${first}`;
  }

  /**
   * Compares topics with what they must be. Without a durability they must be as durable as the brokers that are up allow.
   * @throws DependencyUnavailable
   */
  async survey(
    selection: TopicSelection & { readonly durability?: TopicDurability } = {},
  ): Promise<TopicSurvey> {
    this.#createsUnasked = await this.#asking.ask(createsTopicsUnasked);
    const unseen = this.#createsUnasked === undefined ? [UNSEEN] : [];
    return { differences: await this.#compare(selection), unseen };
  }

  /** What makes the topics as they must be. Changes nothing. @throws DependencyUnavailable */
  async plan(terms: PlanTerms & TopicSelection): Promise<readonly TopicStep[]> {
    const wanted = layoutsOf(terms);
    const found = await this.#find(wanted);
    return eachTopic(wanted, found, (topic, state, layout) =>
      stepsFor(topic, state, { ...terms, layout }),
    );
  }

  /**
   * Does what a plan says, and resolves when the brokers show it; `rehearse`: the cluster only says whether it would. Between
   * plan and this nobody else may change the settings of the same topics: Kafka sets all of a topic at once.
   * @throws DependencyUnavailable that names what could not be done; steps before it are done
   */
  async carryOut(
    steps: readonly TopicStep[],
    mode: 'change' | 'rehearse' = 'change',
  ): Promise<void> {
    const changing = new AdminConnection(this.options, CHANGE_PATIENCE);
    try {
      await changing.ask((admin) => changeTopics(admin, steps, mode));
      if (mode === 'change') await this.#untilShown(steps, changing);
    } finally {
      await changing.close();
    }
  }

  /** Makes those that are missing, and resolves to their names: for tests and demos. @throws DependencyUnavailable */
  async createMissing(durability: TopicDurability): Promise<readonly string[]> {
    const steps = await this.plan({ durability, allowLoss: false });
    const creations = steps.filter(({ kind }) => kind === 'create');
    await this.carryOut(creations);
    return creations.map(({ topic }) => topic);
  }

  async close(): Promise<void> {
    await this.#asking.close();
  }

  async #compare(
    selection: TopicSelection & { readonly durability?: TopicDurability },
  ): Promise<readonly TopicDifference[]> {
    const wanted = layoutsOf(selection);
    const found = await this.#find(wanted);
    const durability = selection.durability ?? durabilityFor(found);
    return [
      ...eachTopic(wanted, found, (topic, state, layout) =>
        differencesOf(topic, state, { layout, durability }),
      ),
      ...(this.#createsUnasked === true ? [UNASKED] : []),
    ];
  }

  /** Keeps what weakens the topics, and throws what makes them unfit. */
  #judge(differences: readonly TopicDifference[]): readonly string[] {
    const lines = (weight: DifferenceWeight): string[] =>
      differences
        .filter((one) => one.weight === weight)
        .map((one) => `${this.#asking.where}: ${describeDifference(one)}`);
    const refusals = lines('refusal');
    this.#warnings = lines('warning');
    // Who waits for a correction looks each time.
    this.#lookedAt = refusals.length > 0 ? Number.NEGATIVE_INFINITY : performance.now();
    if (refusals.length > 0) throw new DependencyUnavailable('kafka', refusals.join('\n'));
    return this.#warnings;
  }

  #find(wanted: ReadonlyMap<string, TopicLayout>): Promise<FoundCluster> {
    return this.#settled(UNSETTLED_MS, () =>
      this.#asking.ask((admin) => findTopics(admin, [...wanted.keys()])),
    );
  }

  /** A broker hears of a change after the controller has said yes, and leads a new partition a moment after that. */
  async #untilShown(steps: readonly TopicStep[], connection: AdminConnection): Promise<void> {
    const wanted = layoutsOf({ topics: steps.map(({ topic }) => topic) });
    await this.#settled(SHOWN_TIMEOUT_MS, async () => {
      const { topics } = await this.#find(wanted);
      return steps.every((step) => isShown(step, topics.get(step.topic) ?? 'missing')) || undefined;
    });
    for (const { kind, topic } of steps) {
      if (kind !== 'create') continue;
      await this.#settled(SHOWN_TIMEOUT_MS, () =>
        connection.ask((admin) => admin.fetchTopicOffsets(topic)),
      );
    }
  }

  /** Asks again while there is no answer, as long as a topic comes or goes, or its leader moves. */
  async #settled<T>(deadlineMs: number, question: () => Promise<T | undefined>): Promise<T> {
    const until = performance.now() + deadlineMs;
    for (;;) {
      const late = performance.now() > until;
      const answer = await question().catch((error: unknown) => {
        if (late || !isUnsettled(error)) throw error;
      });
      if (answer !== undefined) return answer;
      if (late) throw new DependencyUnavailable('kafka', `${this.#asking.where}: ${NOT_SHOWN}`);
      await pause(LOOK_PAUSE_MS);
    }
  }
}

/** @throws DependencyUnavailable for a topic that is none of Postern's */
function layoutsOf({ topics }: TopicSelection): ReadonlyMap<string, TopicLayout> {
  const layouts: ReadonlyMap<string, TopicLayout> = LAYOUTS_BY_NAME;
  if (topics === undefined) return layouts;
  return new Map(
    topics.map((topic) => {
      const layout = layouts.get(topic);
      if (layout === undefined) throw new DependencyUnavailable('kafka', `no layout for ${topic}`);
      return [topic, layout] as const;
    }),
  );
}

function eachTopic<T>(
  wanted: ReadonlyMap<string, TopicLayout>,
  { topics }: FoundCluster,
  judge: (
    topic: string,
    state: Parameters<typeof differencesOf>[1],
    layout: TopicLayout,
  ) => readonly T[],
): readonly T[] {
  return [...wanted].flatMap(([topic, layout]) =>
    judge(topic, topics.get(topic) ?? 'missing', layout),
  );
}

/** Two brokers keep two copies, and take records while one is away. */
function durabilityFor({ brokers }: FoundCluster): TopicDurability {
  if (brokers >= DURABLE.replicationFactor) return DURABLE;
  return { replicationFactor: Math.max(brokers, 1), minInSyncReplicas: 1 };
}
