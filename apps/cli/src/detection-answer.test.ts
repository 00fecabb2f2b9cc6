import {
  detectionIn,
  detectionLine,
  detectionLines,
  detectionsIn,
  ruleLine,
  rulesIn,
} from './detection-answer.js';

const detection = {
  id: 'det_1',
  rule: 'D02',
  title: 'One subject token exchanged in two environments',
  mode: 'enforce',
  severity: 'critical',
  confidence: 'high',
  entity: { type: 'family', id: 'fam_1' },
  subject_id: 'sub_1',
  resource: 'ledger',
  start_at: '2026-11-20T12:00:00.000Z',
  end_at: '2026-11-20T12:00:01.000Z',
  raised_at: '2026-11-20T12:00:02.000Z',
  observed: 2,
  threshold: 2,
  explanation: 'A subject token was exchanged in prod and presented in staging.',
  evidence_event_ids: ['01980000-0000-7000-8000-000000000001'],
  mitre: ['T1528'],
  owasp_nhi: ['NHI8'],
  responses: [
    { action: 'suspend_grant', target: 'grant:g', seconds: 900, result: 'done', ended_at: null },
  ],
  closed: null,
};
const answered = (body: unknown) => ({ status: 200, body });

describe('detections, as they are printed', () => {
  it('are one line each in a list', () => {
    const { detections } = detectionsIn(answered({ detections: [detection], next: null }));
    expect(detections.map(detectionLine)).toEqual([
      '2026-11-20T12:00:02.000Z  det_1  critical  D02  One subject token exchanged in two environments  family:fam_1  open',
    ]);
  });

  it('tell why, by which events, and what was done', () => {
    const text = detectionLines(detectionIn(answered(detection))).join('\n');
    expect(text).toContain('exchanged in prod and presented in staging');
    expect(text).toContain('evidence    01980000-0000-7000-8000-000000000001');
    expect(text).toContain('response    suspend_grant grant:g for 900 s: done');
    expect(text).toContain('closed      no');
  });

  it('cannot move the cursor by what others wrote', () => {
    const closed = { at: 'x', resolution: 'benign', by: null, note: '\u001b[2J\nforged line' };
    const told = detectionIn(answered({ ...detection, explanation: '\u001b[31m', closed }));
    const lines = detectionLines(told).join('');
    expect(lines).toMatch(/^[ -~]+$/);
  });

  it('are refused when the answer is another', () => {
    expect(() => detectionIn(answered({ id: 'det_1' }))).toThrow('is this the admin API?');
  });
});

it('prints a rule with its figures and when it was tried', () => {
  const rule = { id: 'D07', title: 'x', mode: 'monitor', severity: 'high' };
  const tried = { at: '2026-11-20T12:00:00.000Z', found: 3, by: 'sub_1' };
  const [line] = rulesIn(
    answered({
      rules: [{ ...rule, tier: 'stream', thresholds: { zones: 2 }, last_dry_run: tried }],
    }),
  ).map(ruleLine);
  expect(line).toContain('zones=2  tried 2026-11-20T12:00:00.000Z: 3 found');
});
