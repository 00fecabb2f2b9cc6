import { aCandidate, detectionSettings, settingsWith } from '#testing';
import { type Candidate, type PlannedResponse } from './candidate.js';
import { decideResponses } from './decide-responses.js';
import { type RuleId } from './rule.js';
import { type DetectionSettings } from './rule-settings.js';

const planned = (
  action: PlannedResponse['action'],
  target: string,
  seconds?: number,
): PlannedResponse => ({ action, target, seconds });
const HANDLE = planned('revoke_handle', 'handle:hdl_1');
const enforced = (rule: RuleId, overrides: Partial<DetectionSettings> = {}): DetectionSettings =>
  settingsWith(rule, { mode: 'enforce' }, overrides);
const decided = (
  candidate: Partial<Candidate>,
  settings = detectionSettings(),
  spent = 0,
): unknown[] =>
  decideResponses(aCandidate(candidate), settings, [
    { rule: 'D06', subjectId: 'sub_others', orders: spent },
    { rule: 'D03', subjectId: 'sub_1', orders: 99 },
  ]).map((decision) => (decision.verdict === 'suppressed' ? decision.by : decision.verdict));

describe('what is done about a candidate', () => {
  it.each([
    ['at all', {}, 'ordered'],
    ['in monitor', { mode: 'monitor' }, 'monitor_mode'],
    ['in monitor for its resource', { resources: { ledger: 'monitor' } }, 'monitor_mode'],
    ['in monitor for another resource', { resources: { payroll: 'monitor' } }, 'ordered'],
    [
      'in enforce for its resource alone',
      { mode: 'monitor', resources: { ledger: 'enforce' } },
      'ordered',
    ],
  ] as const)('goes by the mode: %s', (_, set, verdict) => {
    expect(decided({ responses: [HANDLE] }, settingsWith('D06', set))).toEqual([verdict]);
  });

  it.each([
    [18, ['ordered', 'ordered', 'response_budget']],
    [19, ['ordered', 'response_budget', 'response_budget']],
    [20, ['response_budget', 'response_budget', 'response_budget']],
    [99, ['response_budget', 'response_budget', 'response_budget']],
  ])('stops at the budget of twenty when %d were ordered before', (spent, verdicts) => {
    const responses = ['1', '2', '3'].map((n) => planned('revoke_handle', `handle:hdl_${n}`));
    expect(decided({ responses }, detectionSettings(), spent)).toEqual(verdicts);
  });

  it.each([
    ['sub_1', 9, ['ordered', 'response_budget']],
    ['sub_1', 10, ['response_budget', 'response_budget']],
    ['sub_2', 10, ['ordered', 'ordered']],
    [undefined, 10, ['ordered', 'ordered']],
  ] as const)('leaves half of the budget to others: %s', (subjectId, orders, verdicts) => {
    const responses = ['1', '2'].map((n) => planned('revoke_handle', `handle:hdl_${n}`));
    const spent = [{ rule: 'D06', subjectId: 'sub_1', orders }] as const;
    const made = decideResponses(aCandidate({ responses, subjectId }), detectionSettings(), spent);
    expect(made.map((one) => (one.verdict === 'suppressed' ? one.by : one.verdict))).toEqual(
      verdicts,
    );
  });

  it.each<[RuleId, PlannedResponse, string]>([
    ['D02', planned('suspend_grant', 'grant:g', 900), 'ordered'],
    ['D02', planned('suspend_grant', 'grant:g'), 'approval_missing'],
    ['D01', planned('suspend_grant', 'grant:g', 900), 'approval_missing'],
    ['D16', planned('disable_grant', 'grant:g'), 'approval_missing'],
    ['D19', planned('request_rotation', 'resource:ledger'), 'approval_missing'],
    ['D06', planned('page', 'handle:hdl_1'), 'told'],
    ['D06', planned('report', 'handle:hdl_1'), 'told'],
    ['D07', planned('suspend_handle', 'handle:hdl_1'), 'ordered'],
  ])('decides for %s on %j', (rule, response, verdict) => {
    expect(decided({ rule, responses: [response] }, enforced(rule))).toEqual([verdict]);
  });

  it.each([
    ['D16', 'disable_grant', 'grant:g'],
    ['D19', 'request_rotation', 'resource:ledger'],
  ] as const)('does for %s what is permitted by name', (rule, action, target) => {
    const settings = enforced(rule, { permitted: [action] });
    expect(decided({ rule, responses: [planned(action, target)] }, settings)).toEqual(['ordered']);
    const other = enforced(rule, { permitted: ['suspend_subject'] });
    expect(decided({ rule, responses: [planned(action, target)] }, other)).toEqual([
      'approval_missing',
    ]);
  });

  it.each([
    ['revoke_handle', 'family:fam_1'],
    ['revoke_handle', 'subject:sub_1'],
    ['revoke_handle', 'handle_fp:1234'],
    ['revoke_handle', `handle_fp:${'G'.repeat(32)}`],
    ['revoke_handle', `handle_fp:${'a'.repeat(33)}`],
    ['revoke_handle', 'handle:'],
    ['revoke_handle', 'handle:*'],
    ['revoke_family', 'handle:hdl_1'],
    ['suspend_handle', `handle_fp:${'a'.repeat(32)}`],
  ] as const)('never does %s to %s', (action, target) => {
    expect(decided({ responses: [planned(action, target)] })).toEqual(['approval_missing']);
  });
});
