import kafkajs, { type Admin } from 'kafkajs';
import { DependencyUnavailable } from '#kernel';
import { type TopicStep } from './topic-plan.js';

const CREATE_TIMEOUT_MS = 30_000;

/**
 * Does what a plan says, or with `rehearse` asks the cluster whether it would. Resolves when the controller has done it; brokers
 * hear of it a moment later. Rejects with what kafkajs throws.
 */
export async function changeTopics(
  admin: Admin,
  steps: readonly TopicStep[],
  mode: 'change' | 'rehearse',
): Promise<void> {
  const validateOnly = mode === 'rehearse';
  await create(admin, steps, validateOnly);
  await alter(admin, steps, validateOnly);
}

async function create(
  admin: Admin,
  steps: readonly TopicStep[],
  validateOnly: boolean,
): Promise<void> {
  const topics = steps.flatMap((step) =>
    step.kind === 'create'
      ? [
          {
            topic: step.topic,
            numPartitions: step.partitions,
            replicationFactor: step.replicationFactor,
            configEntries: entriesOf(step.settings),
          },
        ]
      : [],
  );
  if (topics.length === 0) return;
  // kafkajs' own waiting fails when the broker that it asks has not heard of the topic yet.
  await admin.createTopics({
    topics,
    validateOnly,
    waitForLeaders: false,
    timeout: CREATE_TIMEOUT_MS,
  });
}

/** One after the other: of several that are refused kafkajs does not say which. */
async function alter(
  admin: Admin,
  steps: readonly TopicStep[],
  validateOnly: boolean,
): Promise<void> {
  const type = kafkajs.ConfigResourceTypes.TOPIC;
  for (const step of steps) {
    if (step.kind !== 'set') continue;
    const resources = [{ type, name: step.topic, configEntries: entriesOf(step.settings) }];
    await admin.alterConfigs({ resources, validateOnly }).catch((error: unknown) => {
      throw refusal(step.topic, error);
    });
  }
}

const refusal = (topic: string, error: unknown): DependencyUnavailable =>
  new DependencyUnavailable(
    'kafka',
    `topic ${topic}: its settings were not changed: ${error instanceof Error ? error.message : 'unknown failure'}`,
    { cause: error },
  );

const entriesOf = (settings: ReadonlyMap<string, string>): { name: string; value: string }[] =>
  [...settings].map(([name, value]) => ({ name, value }));
