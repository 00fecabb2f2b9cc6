import { z } from 'zod';
import { DETECTION_THRESHOLDS, type DetectionRuleName } from './detection-thresholds.js';
import { cidr, duration, environment, id } from './config-values.js';

const ENTRIES_MAX = 1000;
const BUDGET_MAX = 1000;
const FIGURE_MAX = 1_000_000_000_000;
const MODE_EXPECTED = 'expected one of off, monitor, enforce';
const FIGURE_EXPECTED = 'expected a number above 0';

const mode = z.enum(['off', 'monitor', 'enforce'], MODE_EXPECTED);
const figure = z
  .number(FIGURE_EXPECTED)
  .gt(0, FIGURE_EXPECTED)
  .max(FIGURE_MAX, `expected at most ${FIGURE_MAX}`)
  .optional();

const ruleOf = (names: readonly string[]) =>
  z
    .strictObject({
      mode: mode.optional().describe('when absent, as the rule ships'),
      resources: z.record(id, mode).default({}).describe('another mode, by the id of a resource'),
      thresholds: z
        .strictObject(Object.fromEntries(names.map((name) => [name, figure])))
        .default({})
        .describe('other figures than the rule ships with'),
    })
    .optional();

const rules = z.strictObject(
  Object.fromEntries(
    Object.entries(DETECTION_THRESHOLDS).map(([rule, names]) => [rule, ruleOf(names)]),
  ) as Record<DetectionRuleName, ReturnType<typeof ruleOf>>,
);

const noneTwice = (names: readonly string[]): boolean => new Set(names).size === names.length;

/** What is looked for in the evidence, and how far the answers go. */
export const detection = z.strictObject({
  rules: rules.prefault({}).describe('by the id of a rule: docs/detection.md'),
  zones: z
    .record(id, z.array(cidr).min(1, 'expected at least one range of addresses').max(ENTRIES_MAX))
    .default({})
    .describe('network zones by name; of an address the narrowest range that holds it counts'),
  environmentGroups: z
    .array(z.array(environment).min(2, 'expected at least two environments').max(ENTRIES_MAX))
    .max(ENTRIES_MAX)
    .default([])
    .describe('environments between which one subject token may be exchanged'),
  environmentOrder: z
    .array(environment)
    .min(1, 'expected at least one environment')
    .max(ENTRIES_MAX)
    .refine(noneTwice, 'expected each environment once')
    .default(['dev', 'test', 'staging', 'prod'])
    .describe('the lowest first; others are lower than all of them'),
  responseBudget: z
    .int()
    .min(0)
    .max(BUDGET_MAX)
    .default(20)
    .describe('most automatic responses of one rule in ten minutes'),
  permit: z
    .array(
      z.enum(
        ['suspend_subject', 'request_rotation', 'disable_grant'],
        'expected one of suspend_subject, request_rotation, disable_grant',
      ),
    )
    .max(ENTRIES_MAX)
    .refine(noneTwice, 'expected each of them once')
    .default([])
    .describe('responses that meet more than handles, and are never given without this'),
  keep: duration({ min: '1d', max: '90d' })
    .prefault('14d')
    .describe('how long evidence is kept for the rules that look back'),
});

type Mode = z.output<typeof mode>;

/** As `detection:` says it; what it does not say is left to the rules. */
export interface DetectionEntry {
  readonly rules: Readonly<
    Record<
      string,
      {
        readonly mode: Mode | undefined;
        readonly resources: Readonly<Record<string, Mode>>;
        readonly thresholds: Readonly<Record<string, number>>;
      }
    >
  >;
  /** Ranges of addresses by the name of their zone. */
  readonly zones: Readonly<Record<string, readonly string[]>>;
  readonly environmentGroups: readonly (readonly string[])[];
  readonly environmentOrder: readonly string[];
  readonly responseBudget: number;
  readonly permitted: readonly ('suspend_subject' | 'request_rotation' | 'disable_grant')[];
  readonly keepSeconds: number;
}

export function detectionEntry(written: z.output<typeof detection>): DetectionEntry {
  const { zones, environmentGroups, environmentOrder, responseBudget } = written;
  return {
    rules: rulesEntry(written.rules),
    ...{ zones, environmentGroups, environmentOrder, responseBudget },
    permitted: written.permit,
    keepSeconds: written.keep,
  };
}

const rulesEntry = (written: z.output<typeof rules>): DetectionEntry['rules'] =>
  Object.fromEntries(
    Object.entries(written).flatMap(([rule, set]) => {
      if (set === undefined) return [];
      const figures = Object.entries(set.thresholds).filter(
        (entry): entry is [string, number] => entry[1] !== undefined,
      );
      const { mode: ofAll, resources } = set;
      return [[rule, { mode: ofAll, resources, thresholds: Object.fromEntries(figures) }]];
    }),
  );
