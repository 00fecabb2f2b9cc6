import { type DetectionSeverity, type ResponseAction } from '#events';

/** The rules that there are, by the ids of the design; each says in `rules` what it looks for. */
export const ruleIds = [
  ...([
    'D01',
    'D02',
    'D03',
    'D04',
    'D05',
    'D06',
    'D07',
    'D08',
    'D09',
    'D10',
    'D11',
    'D12',
  ] as const),
  ...([
    'D13',
    'D14',
    'D15',
    'D16',
    'D17',
    'D18',
    'D19',
    'D20',
    'D21',
    'D22',
    'D23',
    'D24',
  ] as const),
] as const;
export type RuleId = (typeof ruleIds)[number];

/** `off`: not looked for. `monitor`: told. `enforce`: told, and answered as far as the response budget goes. */
export const ruleModes = ['off', 'monitor', 'enforce'] as const;
export type RuleMode = (typeof ruleModes)[number];

/**
 * `inline`: one event, with what is known of its handle or token, is enough. `stream`: a window of events, looked at every
 * ten seconds. `batch`: looked at once an hour.
 */
export type RuleTier = 'inline' | 'stream' | 'batch';

/** What a rule is, apart from how it is computed. */
export interface Rule {
  readonly id: RuleId;
  /** One more whenever its condition changes: detections of different revisions are not the same. */
  readonly revision: number;
  /** A sentence that an analyst reads, without a full stop. */
  readonly title: string;
  readonly tier: RuleTier;
  /** The highest severity that it raises. */
  readonly severity: DetectionSeverity;
  /** As it ships. */
  readonly mode: RuleMode;
  /** What is recommended, the strongest first; `enforce` does what of it can be done. Empty: nothing but telling. */
  readonly responses: readonly ResponseAction[];
  /** Of a window, in seconds; undefined for a rule that decides on one event. */
  readonly windowSeconds: number | undefined;
  /** The figures of its condition, by name with their defaults; the configuration may set others. */
  readonly thresholds: Readonly<Record<string, number>>;
  /** ATT&CK techniques, such as `T1550.001`. */
  readonly mitre: readonly string[];
  /** Of the OWASP NHI Top 10 (2025), such as `NHI8`. */
  readonly owaspNhi: readonly string[];
}
