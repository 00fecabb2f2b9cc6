import { type ResponseAction } from '#events';
import { type Candidate, type PlannedResponse } from './candidate.js';
import { type RuleId, type RuleMode } from './rule.js';
import { type DetectionSettings } from './rule-settings.js';
import { RULES } from './rules.js';

/** The time over which a rule's responses are counted. */
export const RESPONSE_BUDGET_SECONDS = 600;

/** Orders that count against the budget of their rule: those of RESPONSE_BUDGET_SECONDS, without those that found nothing to do. */
export interface SpentOrders {
  readonly rule: RuleId;
  /** Whose doing it was, where that is known. */
  readonly subjectId: string | undefined;
  readonly orders: number;
}

export type SuppressedBy = 'monitor_mode' | 'response_budget' | 'approval_missing';

/** `told`: nobody has to do anything but people; the detection is all that there is. */
export type ResponseDecision =
  | { readonly response: PlannedResponse; readonly verdict: 'ordered' | 'told' }
  | {
      readonly response: PlannedResponse;
      readonly verdict: 'suppressed';
      readonly by: SuppressedBy;
    };

/** What Postern carries out by itself, and what it may name for it. */
const TARGETS: Partial<Readonly<Record<ResponseAction, RegExp>>> = {
  revoke_handle: /^(?:handle:hdl_[A-Za-z0-9]{1,64}|handle_fp:[0-9a-f]{32})$/,
  suspend_handle: /^handle:hdl_[A-Za-z0-9]{1,64}$/,
  revoke_family: /^family:fam_[A-Za-z0-9]{1,64}$/,
  suspend_grant: /^grant:./,
  disable_grant: /^grant:./,
  request_rotation: /^resource:./,
  rate_limit: /^(?:subject:sub_[0-9a-f]{32}|source:.{1,500})$/,
  step_down: /^subject:sub_[0-9a-f]{32}$/,
  throttle: /^handle:hdl_[A-Za-z0-9]{1,64}$/,
  block_source: /^source:.{1,500}$/,
};

/** What ends by itself, and takes nothing away. */
const RESTRICTIONS: readonly ResponseAction[] = [
  'rate_limit',
  'step_down',
  'throttle',
  'block_source',
];

export const isRestriction = (action: ResponseAction): boolean => RESTRICTIONS.includes(action);

/**
 * What is done of what a candidate plans. A handle is cheap to have again, and may be taken away in `enforce`; a grant is
 * suspended for D02 alone, and for a time; a restriction is of the very entity that the candidate is about; whatever else
 * meets more than one handle needs a permission of the configuration. What one workload does uses up no more than half of a
 * budget, so that whoever has taken it over cannot keep others from being answered for.
 */
export function decideResponses(
  candidate: Candidate,
  settings: DetectionSettings,
  spent: readonly SpentOrders[],
): readonly ResponseDecision[] {
  let left = leftFor(candidate, settings, spent);
  return candidate.responses.map((response): ResponseDecision => {
    const target = TARGETS[response.action];
    if (target === undefined) return { response, verdict: 'told' };
    const by = suppressed(candidate, response, settings);
    if (by !== undefined) return { response, verdict: 'suppressed', by };
    if (left <= 0) return { response, verdict: 'suppressed', by: 'response_budget' };
    left -= 1;
    return { response, verdict: 'ordered' };
  });
}

function leftFor(
  { rule, subjectId }: Candidate,
  { responseBudget }: DetectionSettings,
  spent: readonly SpentOrders[],
): number {
  const ofRule = spent.filter((one) => one.rule === rule);
  const left = responseBudget - sumOf(ofRule);
  if (subjectId === undefined) return left;
  const share = Math.ceil(responseBudget / 2);
  return Math.min(left, share - sumOf(ofRule.filter((one) => one.subjectId === subjectId)));
}

const sumOf = (spent: readonly SpentOrders[]): number =>
  spent.reduce((sum, { orders }) => sum + orders, 0);

/** How a rule is set for what a candidate is about. */
export const modeOf = (
  { rules }: DetectionSettings,
  rule: RuleId,
  resource: string | undefined,
): RuleMode => {
  const { mode, resources } = rules[rule];
  if (resource === undefined || !Object.hasOwn(resources, resource)) return mode;
  return resources[resource] ?? mode;
};

function suppressed(
  candidate: Candidate,
  response: PlannedResponse,
  settings: DetectionSettings,
): SuppressedBy | undefined {
  const { rule, resource } = candidate;
  if (modeOf(settings, rule, resource) !== 'enforce') return 'monitor_mode';
  return isPermitted(candidate, response, settings) ? undefined : 'approval_missing';
}

function isPermitted(
  candidate: Candidate,
  response: PlannedResponse,
  { permitted }: DetectionSettings,
): boolean {
  const { rule } = candidate;
  const { action, target, seconds } = response;
  if (TARGETS[action]?.test(target) !== true) return false;
  if (isRestriction(action)) return isOwnRestriction(candidate, response);
  switch (action) {
    case 'suspend_grant':
      return rule === 'D02' && seconds !== undefined;
    case 'disable_grant':
    case 'request_rotation':
      return permitted.includes(action);
    default:
      return true;
  }
}

/** D09 is about the canary, and restricts the source that it came from; every other rule what it is about. */
function isOwnRestriction(
  { rule, entity }: Candidate,
  { action, target }: PlannedResponse,
): boolean {
  if (!RULES[rule].responses.includes(action)) return false;
  return action === 'block_source' || target === `${entity.type}:${entity.id}`;
}
