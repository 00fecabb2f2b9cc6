import { type TopicLayout } from '#events';
import {
  keepsLonger,
  satisfies,
  shownValue,
  type TopicDurability,
  type TopicSetting,
  topicSettings,
} from './topic-settings.js';

/** A topic as it was found on a cluster. */
export interface FoundTopic {
  readonly partitions: number;
  /** Of the partition that has the fewest replicas. */
  readonly replicationFactor: number;
  /** What is in force, by name; undefined when our user may not read it. */
  readonly settings: ReadonlyMap<string, FoundSetting> | undefined;
}

export interface FoundSetting {
  readonly value: string;
  /** Set on the topic itself, not by a default of the brokers. */
  readonly own: boolean;
}

/** `hidden`: our user may not see it, so whether it is there is not known. */
export type TopicState = FoundTopic | 'missing' | 'hidden';

/**
 * What a difference does. `refusal`: nobody may begin to work with the topic. `warning`: it works until something else
 * goes wrong. `note`: nothing is lost.
 */
export type DifferenceWeight = 'refusal' | 'warning' | 'note';

/** Something about a topic that is not as it must be. */
export interface TopicDifference {
  /** Such as `topic postern.call.v1`. */
  readonly subject: string;
  readonly weight: DifferenceWeight;
  /** What was found, and what was expected: `has retention.ms 3600000 (1 hour), expected ...`. */
  readonly what: string;
  readonly risk: string;
  readonly remedy: string;
}

export const describeDifference = ({ subject, what, risk, remedy }: TopicDifference): string =>
  `${subject} ${what}: ${risk}; ${remedy}`;

/** Compares one topic with its layout. */
export function differencesOf(
  topic: string,
  state: TopicState,
  wanted: { readonly layout: TopicLayout; readonly durability: TopicDurability },
): readonly TopicDifference[] {
  const about = (
    weight: DifferenceWeight,
    [what, risk, remedy]: readonly [string, string, string],
  ): TopicDifference => ({ subject: `topic ${topic}`, weight, what, risk, remedy });
  if (state === 'missing') return [about('refusal', MISSING)];
  if (state === 'hidden') return [about('refusal', HIDDEN)];
  const { layout, durability } = wanted;
  return [
    ...partitionProblem(state, layout).map((text) => about('refusal', text)),
    ...replicationProblem(state, durability).map((text) => about('warning', text)),
    ...(state.settings === undefined ? [about('warning', UNREADABLE)] : []),
    ...settingProblems(state, topicSettings(layout, durability)).map(({ weight, text }) =>
      about(weight, text),
    ),
    ...unwritable(state).map((text) => about('warning', text)),
  ];
}

type ProblemText = readonly [what: string, risk: string, remedy: string];

const APPLY = 'postern topics apply, as an administrator, corrects it';
const MISSING: ProblemText = [
  'does not exist',
  'who writes to it or reads it stands still',
  'postern topics apply, as an administrator, makes it',
];
const HIDDEN: ProblemText = [
  'does not exist, or our user may not see it',
  'who writes to it or reads it stands still',
  'postern topics check --acls, as an administrator, says which: see deploy/kafka/acls.md',
];
const UNREADABLE: ProblemText = [
  'has settings that our user may not read (DescribeConfigs)',
  'wrong ones stay unseen',
  'grant it (deploy/kafka/acls.md), or run postern topics check as an administrator',
];

function partitionProblem(found: FoundTopic, { partitions }: TopicLayout): ProblemText[] {
  if (found.partitions === partitions) return [];
  return [
    [
      `has ${found.partitions} partitions, expected ${partitions}`,
      'if that was changed while records were there, those of one key lie in two partitions, out of order',
      'it cannot be corrected in place: let its readers finish, delete the topic, then postern topics apply',
    ],
  ];
}

function replicationProblem(found: FoundTopic, wanted: TopicDurability): ProblemText[] {
  if (found.replicationFactor >= wanted.replicationFactor) return [];
  return [
    [
      `has replication factor ${found.replicationFactor}, expected ${wanted.replicationFactor}`,
      'its records are lost with that many brokers',
      'kafka-reassign-partitions.sh adds replicas',
    ],
  ];
}

/** A topic that waits for more replicas than it has takes no record; with as many as it has, none during a restart. */
function unwritable({ settings, replicationFactor }: FoundTopic): ProblemText[] {
  const inSync = Number(settings?.get('min.insync.replicas')?.value ?? 0);
  if (inSync < replicationFactor || inSync === 1) return [];
  return [
    [
      `has min.insync.replicas ${inSync} with replication factor ${replicationFactor}`,
      inSync > replicationFactor
        ? 'it takes no record at all'
        : 'it takes no record while one broker is away',
      inSync > replicationFactor ? APPLY : 'kafka-reassign-partitions.sh adds replicas',
    ],
  ];
}

interface SettingProblem {
  readonly weight: DifferenceWeight;
  readonly text: ProblemText;
}

function settingProblems(
  { settings }: FoundTopic,
  wanted: readonly TopicSetting[],
): readonly SettingProblem[] {
  if (settings === undefined) return [];
  return wanted.flatMap((setting): SettingProblem[] => {
    const found = settings.get(setting.name)?.value;
    if (keepsLonger(setting, found)) {
      return [{ weight: 'note', text: [isBut(setting, found), LONGER, SHORTEN] }];
    }
    if (satisfies(setting, found)) return [];
    const weight = setting.name === 'cleanup.policy' ? 'refusal' : 'warning';
    return [{ weight, text: [isBut(setting, found), setting.risk, APPLY] }];
  });
}

const LONGER = 'records are kept for longer than our documents say';
const SHORTEN = 'postern topics apply --allow-loss shortens it';

function isBut({ name, value, bound }: TopicSetting, found: string | undefined): string {
  const has = found === undefined ? `has no ${name}` : `has ${name} ${shownValue(name, found)}`;
  const limit = bound === 'at least' || bound === 'at most' ? `${bound} ` : '';
  return `${has}, expected ${limit}${shownValue(name, value)}`;
}
