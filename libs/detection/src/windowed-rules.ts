import { type InlineRuleId } from './inline-rules.js';
import { type Rule, type RuleId } from './rule.js';

export type WindowedRuleId = Exclude<RuleId, InlineRuleId>;

type Told = Omit<Rule, 'id' | 'revision' | 'tier'>;
const DEFAULTS = {
  mode: 'monitor',
  responses: [],
  thresholds: {},
  mitre: [],
  owaspNhi: [],
} as const;
const HOUR_SECONDS = 3_600;
const DAY_SECONDS = 24 * HOUR_SECONDS;

const windowed =
  (tier: Rule['tier']) =>
  (
    id: WindowedRuleId,
    told: Partial<Told> & Pick<Told, 'title' | 'severity' | 'windowSeconds'>,
  ): Rule => ({ ...DEFAULTS, ...told, id, revision: 1, tier });
const stream = windowed('stream');
const batch = windowed('batch');

/** Rules that look at windows of events: computed by a RuleEvaluator. */
export const windowedRules: Readonly<Record<WindowedRuleId, Rule>> = {
  D07: stream('D07', {
    title: 'Unbound handle used by two clients at once',
    severity: 'high',
    windowSeconds: 600,
    responses: ['suspend_handle'],
    thresholds: { zones: 2, agents: 2 },
    mitre: ['T1550.001'],
    owaspNhi: ['NHI3'],
  }),
  D08: stream('D08', {
    title: 'Handles are guessed or tried out',
    severity: 'high',
    windowSeconds: 300,
    responses: ['rate_limit'],
    thresholds: { unknownValid: 10, malformed: 50 },
    mitre: ['T1110'],
    owaspNhi: ['NHI2'],
  }),
  D10: stream('D10', {
    title: 'A workload exchanges far more often than before',
    severity: 'medium',
    windowSeconds: 300,
    responses: ['rate_limit'],
    thresholds: { floor: 20, factor: 5, percentile: 0.99, baselineDays: 14 },
    mitre: ['T1528'],
  }),
  D11: stream('D11', {
    title: 'A workload asks for many credentials that it never used',
    severity: 'high',
    windowSeconds: 600,
    responses: ['step_down'],
    thresholds: { floor: 5, margin: 3, baselineDays: 14, learningDays: 7 },
    mitre: ['T1555', 'T1552'],
  }),
  D12: stream('D12', {
    title: 'A workload tries out what it is not permitted',
    severity: 'high',
    windowSeconds: 600,
    responses: ['rate_limit'],
    thresholds: { distinctDenied: 5 },
    mitre: ['T1526'],
    owaspNhi: ['NHI5'],
  }),
  D13: stream('D13', {
    title: 'A workload uses a credential from a place that is new',
    severity: 'medium',
    windowSeconds: 30 * DAY_SECONDS,
    thresholds: { memoryDays: 30 },
    mitre: ['T1078'],
  }),
  D14: stream('D14', {
    title: 'A person uses the identity of a workload',
    severity: 'medium',
    windowSeconds: HOUR_SECONDS,
    mitre: ['T1078'],
    owaspNhi: ['NHI10'],
  }),
  D15: batch('D15', {
    title: 'One credential is used by several applications',
    severity: 'low',
    windowSeconds: DAY_SECONDS,
    responses: ['report'],
    thresholds: { applications: 2 },
    owaspNhi: ['NHI9'],
  }),
  D16: batch('D16', {
    title: 'A grant or a credential is stale',
    severity: 'medium',
    windowSeconds: DAY_SECONDS,
    responses: ['disable_grant'],
    thresholds: { unusedDays: 30, credentialAgeDays: 90, revokeHours: 24 },
    mitre: ['T1078'],
    owaspNhi: ['NHI1', 'NHI7'],
  }),
  D17: stream('D17', {
    title: 'Far more comes out of a resource than before',
    severity: 'critical',
    windowSeconds: HOUR_SECONDS,
    responses: ['suspend_handle', 'throttle'],
    thresholds: {
      ...{ factor: 10, criticalFactor: 50, floorBytes: 100_000_000, baselineDays: 14 },
      ...{ samples: 3, percentile: 0.99, busyFactor: 2, learningDays: 7 },
    },
    mitre: ['T1213', 'T1567'],
    owaspNhi: ['NHI3'],
  }),
  D19: stream('D19', {
    title: 'A secret was read past Postern',
    severity: 'high',
    windowSeconds: undefined,
    responses: ['request_rotation'],
    mitre: ['T1555.006'],
  }),
  D21: stream('D21', {
    title: 'A rotation that nobody planned',
    severity: 'high',
    windowSeconds: HOUR_SECONDS,
    responses: ['hold_promotion'],
    thresholds: { perHour: 3 },
    mitre: ['T1098'],
    owaspNhi: ['NHI7'],
  }),
  D22: stream('D22', {
    title: 'Impossible travel',
    severity: 'low',
    mode: 'off',
    windowSeconds: DAY_SECONDS,
    thresholds: { speedKmh: 900, distanceKm: 500 },
    mitre: ['T1078'],
  }),
};
