import { type Rule } from './rule.js';

export type InlineRuleId =
  'D01' | 'D02' | 'D03' | 'D04' | 'D05' | 'D06' | 'D09' | 'D18' | 'D20' | 'D23' | 'D24';

type Told = Omit<Rule, 'id' | 'revision' | 'tier'>;
/** What most of them are. */
const DEFAULTS = {
  mode: 'enforce',
  responses: [],
  windowSeconds: undefined,
  thresholds: {},
  mitre: [],
  owaspNhi: [],
} as const;

const inline = (
  id: InlineRuleId,
  told: Partial<Told> & Pick<Told, 'title' | 'severity'>,
): Rule => ({
  ...DEFAULTS,
  ...told,
  id,
  revision: 1,
  tier: 'inline',
});

/** Rules for which one event, with what is known of its handle or token, is enough. */
export const inlineRules: Readonly<Record<InlineRuleId, Rule>> = {
  D01: inline('D01', {
    title: 'Subject token presented again',
    severity: 'high',
    responses: ['revoke_family'],
    thresholds: { leewaySeconds: 10 },
    mitre: ['T1550.001', 'T1528'],
  }),
  D02: inline('D02', {
    title: 'One subject token exchanged in two environments',
    severity: 'critical',
    responses: ['revoke_family', 'suspend_grant'],
    thresholds: { suspendSeconds: 900 },
    mitre: ['T1550.001', 'T1528'],
    owaspNhi: ['NHI8'],
  }),
  D03: inline('D03', {
    title: 'Handle used in another environment than its own',
    severity: 'critical',
    responses: ['revoke_handle'],
    mitre: ['T1550.001'],
    owaspNhi: ['NHI8'],
  }),
  D04: inline('D04', {
    title: 'Handle used after it was revoked',
    severity: 'high',
    responses: ['revoke_family'],
    thresholds: { propagationSeconds: 5, staleSeconds: 60, tries: 5 },
    mitre: ['T1550.001'],
  }),
  D05: inline('D05', {
    title: 'Handle used after it has expired',
    severity: 'medium',
    mode: 'monitor',
    windowSeconds: 300,
    thresholds: { denied: 20 },
    mitre: ['T1550.001'],
  }),
  D06: inline('D06', {
    title: 'Bound handle presented without its key',
    severity: 'critical',
    responses: ['revoke_handle'],
    mitre: ['T1550.001', 'T1528'],
    owaspNhi: ['NHI4'],
  }),
  D09: inline('D09', {
    title: 'Canary handle used',
    severity: 'critical',
    responses: ['page', 'block_source'],
    mitre: ['T1552', 'T1078'],
    owaspNhi: ['NHI2'],
  }),
  D18: inline('D18', {
    title: 'The legacy system refuses a credential again and again',
    severity: 'high',
    mode: 'monitor',
    windowSeconds: 60,
    responses: ['report'],
  }),
  D20: inline('D20', {
    title: 'A wrapping token is not what was handed over',
    severity: 'critical',
    responses: ['page'],
    mitre: ['T1555.006', 'T1557'],
  }),
  D23: inline('D23', {
    title: 'Evidence is missing',
    severity: 'critical',
    windowSeconds: 60,
    responses: ['page'],
    thresholds: { gapSeconds: 60 },
    mitre: ['T1562', 'T1070'],
  }),
  D24: inline('D24', {
    title: 'A live handle was found in public',
    severity: 'critical',
    responses: ['revoke_handle'],
    mitre: ['T1552.001'],
    owaspNhi: ['NHI2'],
  }),
};
