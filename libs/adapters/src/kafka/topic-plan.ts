import { type TopicLayout } from '#events';
import { type FoundTopic, type TopicState } from './topic-differences.js';
import {
  keepsLonger,
  satisfies,
  shownValue,
  type TopicDurability,
  type TopicSetting,
  topicSettings,
} from './topic-settings.js';

/** One thing that is done to a topic; `left` is done by nobody but an administrator. */
export type TopicStep =
  | {
      readonly kind: 'create';
      readonly topic: string;
      readonly partitions: number;
      readonly replicationFactor: number;
      readonly settings: ReadonlyMap<string, string>;
    }
  | {
      readonly kind: 'set';
      readonly topic: string;
      readonly changes: readonly SettingChange[];
      /** Every setting that the topic has of its own afterwards: Kafka forgets those that are not named again. */
      readonly settings: ReadonlyMap<string, string>;
    }
  | { readonly kind: 'left'; readonly topic: string; readonly why: string };

export interface SettingChange {
  readonly name: string;
  readonly from: string | undefined;
  readonly to: string;
}

export interface PlanTerms {
  readonly durability: TopicDurability;
  /** Whether records may be lost that would be kept without us: by a shorter retention or another cleanup policy. */
  readonly allowLoss: boolean;
}

/** What makes of a topic what its layout says. Nothing, when it is as it must be. */
export function stepsFor(
  topic: string,
  state: TopicState,
  wanted: PlanTerms & { readonly layout: TopicLayout },
): readonly TopicStep[] {
  const settings = topicSettings(wanted.layout, wanted.durability);
  if (state === 'hidden') return [left(topic, 'our user may not see it')];
  if (state === 'missing') return [creation(topic, settings, wanted)];
  return [
    ...(state.partitions === wanted.layout.partitions
      ? []
      : [left(topic, `${state.partitions} partitions stay ${state.partitions}: ${ORDER}`)]),
    ...(state.replicationFactor >= wanted.durability.replicationFactor
      ? []
      : [left(topic, `replication factor stays ${state.replicationFactor}: ${REPLICAS}`)]),
    ...changesOf(topic, state, { settings, allowLoss: wanted.allowLoss }),
  ];
}

const ORDER = 'another number would break the order of keys';
const REPLICAS = 'kafka-reassign-partitions.sh adds replicas';
const CONSENT = 'only with --allow-loss';

const left = (topic: string, why: string): TopicStep => ({ kind: 'left', topic, why });

const creation = (
  topic: string,
  settings: readonly TopicSetting[],
  { layout, durability }: PlanTerms & { readonly layout: TopicLayout },
): TopicStep => ({
  kind: 'create',
  topic,
  partitions: layout.partitions,
  replicationFactor: durability.replicationFactor,
  settings: new Map(settings.map(({ name, value }) => [name, value])),
});

function changesOf(
  topic: string,
  found: FoundTopic,
  { settings, allowLoss }: { settings: readonly TopicSetting[]; allowLoss: boolean },
): readonly TopicStep[] {
  const current = found.settings;
  if (current === undefined) return [left(topic, 'our user may not read its settings')];
  const wrong = settings.filter((setting) => {
    const value = current.get(setting.name)?.value;
    return !satisfies(setting, value) || keepsLonger(setting, value) || waitsInVain(setting, found);
  });
  const judged = wrong.map((setting) => {
    const change = {
      name: setting.name,
      from: current.get(setting.name)?.value,
      to: setting.value,
    };
    return { change, hindrance: hindranceOf(setting, found, { allowLoss, from: change.from }) };
  });
  const changes = judged.flatMap(({ change, hindrance }) =>
    hindrance === undefined ? [change] : [],
  );
  return [
    ...judged.flatMap(({ change, hindrance }) =>
      hindrance === undefined ? [] : [left(topic, `${describeChange(change)}: ${hindrance}`)],
    ),
    ...(changes.length === 0
      ? []
      : [{ kind: 'set' as const, topic, changes, settings: afterwards(current, changes) }]),
  ];
}

/** Whether a topic waits for more replicas than it has: it takes no record, so that less can only be better. */
const waitsInVain = ({ name, value }: TopicSetting, found: FoundTopic): boolean =>
  name === 'min.insync.replicas' &&
  Number(found.settings?.get(name)?.value) > Math.max(found.replicationFactor, Number(value));

/** Why a setting is not changed, if so. */
function hindranceOf(
  setting: TopicSetting,
  { replicationFactor }: FoundTopic,
  { allowLoss, from }: { readonly allowLoss: boolean; readonly from: string | undefined },
): string | undefined {
  if (setting.name === 'min.insync.replicas' && Number(setting.value) > replicationFactor) {
    return `it has ${replicationFactor} replicas, and would take no record`;
  }
  return !allowLoss && losesRecords(setting, from) ? `it deletes records, ${CONSENT}` : undefined;
}

/** A shorter retention, and a way of cleaning up that was not there before. */
function losesRecords(setting: TopicSetting, from: string | undefined): boolean {
  if (setting.name !== 'cleanup.policy') return keepsLonger(setting, from);
  return !(from ?? '').split(',').some((policy) => policy.trim() === setting.value);
}

const afterwards = (
  current: NonNullable<FoundTopic['settings']>,
  changes: readonly SettingChange[],
): ReadonlyMap<string, string> =>
  new Map([
    ...[...current].flatMap(([name, { value, own }]) => (own ? [[name, value] as const] : [])),
    ...changes.map(({ name, to }) => [name, to] as const),
  ]);

const describeChange = ({ name, from, to }: SettingChange): string =>
  `${name} ${from === undefined ? 'unset' : shownValue(name, from)} to ${shownValue(name, to)}`;

/** One line for people. */
export function describeStep(step: TopicStep): string {
  switch (step.kind) {
    case 'create': {
      const settings = [...step.settings].map(([name, value]) => `${name}=${value}`);
      return (
        `create ${step.topic}: ${step.partitions} partitions, ` +
        `replication factor ${step.replicationFactor}, ${settings.join(' ')}`
      );
    }
    case 'set':
      return `set ${step.topic}: ${step.changes.map(describeChange).join(', ')}`;
    case 'left':
      return `leave ${step.topic}: ${step.why}`;
  }
}

/** Whether a topic shows what a step was to do. */
export function isShown(step: TopicStep, state: TopicState): boolean {
  if (step.kind === 'left') return true;
  if (typeof state === 'string') return false;
  const settings = step.kind === 'set' ? step.changes.map(({ name, to }) => [name, to]) : [];
  return settings.every(([name = '', to]) => state.settings?.get(name)?.value === to);
}
