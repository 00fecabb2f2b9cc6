import { z } from 'zod';
import { DETECTION_THRESHOLDS, type DetectionRuleName } from './detection-thresholds.js';
import { cidr, duration, environment, id, text } from './config-values.js';

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

const vaultAudit = z
  .strictObject({
    topic: z
      .string()
      .regex(/^[A-Za-z0-9._-]{1,249}$/, 'expected the name of a Kafka topic')
      .default('postern.vault-audit.v1')
      .describe('where a log shipper puts the lines of an audit device, each as one record'),
    allowEntities: z
      .array(text)
      .min(1, "expected the ids of the entities of Postern's own logins at least")
      .max(ENTRIES_MAX)
      .refine(noneTwice, 'expected each entity once')
      .describe("entity ids of Postern's own logins, and of administrators who may read secrets"),
    namespace: text.optional().describe('of Vault; absent: the root namespace'),
  })
  .optional()
  .describe('reads of managed secrets past Postern (D19); absent: they are not seen');

/** What is looked for in the evidence, and how far the answers go. */
export const detection = z.strictObject({
  rules: rules.prefault({}).describe('by the id of a rule: docs/detection.md'),
  zones: z
    .record(id, z.array(cidr).min(1, 'expected at least one range of addresses').max(ENTRIES_MAX))
    .default({})
    .describe('network zones by name; of an address the narrowest range that holds it counts'),
  scanners: z
    .array(cidr)
    .max(ENTRIES_MAX)
    .default([])
    .describe('addresses that try out what they find: no restriction of a source is for them'),
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
  streamRules: z
    .enum(['postgres', 'candidates'], 'expected one of postgres, candidates')
    .default('postgres')
    .describe(
      'how the rules that look at windows find something: postgres computes all of them every ten seconds, candidates ' +
        'where a stream processor found something',
    ),
  sensitive: z
    .array(id)
    .max(ENTRIES_MAX)
    .refine(noneTwice, 'expected each resource once')
    .default([])
    .describe('resources of which D13 is more severe in the highest environment'),
  unusedGrants: z
    .record(text, duration({ min: '1d', max: '730d' }))
    .default({})
    .describe('by the id of a grant: after how long without use it counts as stale (D16)'),
  vaultAudit,
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
  /** Ranges of addresses. */
  readonly scanners: readonly string[];
  readonly environmentGroups: readonly (readonly string[])[];
  readonly environmentOrder: readonly string[];
  readonly responseBudget: number;
  readonly streamRules: 'postgres' | 'candidates';
  readonly permitted: readonly ('suspend_subject' | 'request_rotation' | 'disable_grant')[];
  readonly sensitive: readonly string[];
  /** In seconds, by the id of a grant. */
  readonly unusedGrants: Readonly<Record<string, number>>;
  /** Undefined: audit logs of Vault are not read. */
  readonly vaultAudit: VaultAuditEntry | undefined;
  readonly keepSeconds: number;
}

/** Which lines of Vault's audit log are read, and who may be in them. */
export interface VaultAuditEntry {
  readonly topic: string;
  readonly allowEntities: readonly string[];
  /** Undefined: the root namespace. */
  readonly namespace?: string | undefined;
}

export function detectionEntry(written: z.output<typeof detection>): DetectionEntry {
  const { zones, scanners, environmentGroups, environmentOrder } = written;
  const { responseBudget, streamRules } = written;
  return {
    rules: rulesEntry(written.rules),
    ...{ zones, scanners, environmentGroups, environmentOrder, responseBudget, streamRules },
    permitted: written.permit,
    ...{ sensitive: written.sensitive, unusedGrants: written.unusedGrants },
    vaultAudit: written.vaultAudit,
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
