import { type RuleId } from './rule.js';

/** That a rule was tried on the past. */
export interface TriedRule {
  readonly rule: RuleId;
  readonly at: Date;
  /** How many detections there would have been. */
  readonly found: number;
  /** Who asked for it. */
  readonly by: string;
}

export interface AskedDryRun {
  readonly rule: RuleId;
  readonly operatorId: string;
}

/** Who may ask for a dry run does not read evidence, and who reads evidence has no door: this lies between them. */
export abstract class DryRunRequests {
  /** Again while it waits: it is the same request. @throws DependencyUnavailable */
  abstract ask(request: AskedDryRun): Promise<void>;

  /** Those that wait, each until it is `done`. @throws DependencyUnavailable */
  abstract waiting(): Promise<readonly AskedDryRun[]>;

  /** What was asked for has been tried. @throws DependencyUnavailable */
  abstract done(rule: RuleId): Promise<void>;

  /** Of each rule that was ever tried the last time. @throws DependencyUnavailable */
  abstract last(): Promise<readonly TriedRule[]>;
}
