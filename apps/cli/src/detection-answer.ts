import { z } from 'zod';
import { type AdminAnswer, fitting } from './ask-admin.js';
import { shown } from './shown.js';

const nullable = z.string().nullish();

const response = z.looseObject({
  action: z.string(),
  target: z.string(),
  seconds: z.int().nullish(),
  result: z.string(),
  settled_at: nullable,
  ended_at: nullable,
});

/** A detection as the admin API tells it, as far as it is printed (docs/openapi.json). */
const detection = z.looseObject({
  id: z.string(),
  rule: z.string(),
  title: z.string(),
  mode: z.string(),
  severity: z.string(),
  confidence: z.string(),
  entity: z.looseObject({ type: z.string(), id: z.string() }),
  subject_id: nullable,
  resource: nullable,
  start_at: z.string(),
  end_at: z.string(),
  raised_at: z.string(),
  observed: z.number(),
  threshold: z.number(),
  explanation: z.string(),
  evidence_event_ids: z.array(z.string()),
  mitre: z.array(z.string()),
  owasp_nhi: z.array(z.string()),
  responses: z.array(response).default([]),
  closed: z
    .looseObject({ at: z.string(), resolution: z.string(), by: nullable, note: nullable })
    .nullish(),
});
export type ToldDetection = z.infer<typeof detection>;

const page = z.looseObject({ detections: z.array(detection), next: nullable });
const undoing = z.looseObject({ undone: z.array(response), kept: z.array(response) });
const rules = z.looseObject({
  rules: z.array(
    z.looseObject({
      id: z.string(),
      title: z.string(),
      tier: z.string(),
      mode: z.string(),
      severity: z.string(),
      thresholds: z.record(z.string(), z.number()),
      last_dry_run: z.looseObject({ at: z.string(), found: z.int() }).nullish(),
    }),
  ),
});
type ToldRule = z.infer<typeof rules>['rules'][number];
const dryRunOrder = z.looseObject({ rule: z.string(), asked: z.literal(true) });

/** @throws PosternRefused for another answer; so do the others */
export const detectionIn = (answer: AdminAnswer): ToldDetection => fitting(detection, answer);
export const detectionsIn = (answer: AdminAnswer): z.infer<typeof page> => fitting(page, answer);
export const undoingIn = (answer: AdminAnswer): z.infer<typeof undoing> => fitting(undoing, answer);
export const dryRunIn = (answer: AdminAnswer): string => fitting(dryRunOrder, answer).rule;
export const rulesIn = (answer: AdminAnswer): readonly ToldRule[] => fitting(rules, answer).rules;

/** One line for a list. */
export const detectionLine = (told: ToldDetection): string =>
  shown(
    [
      told.raised_at,
      told.id,
      told.severity.padEnd(8),
      told.rule,
      told.title,
      `${told.entity.type}:${told.entity.id}`,
      told.closed?.resolution ?? (told.mode === 'monitor' ? 'open (monitor)' : 'open'),
    ].join('  '),
  );

/** All that an analyst needs to judge it, a fact a line. */
export function detectionLines(told: ToldDetection): readonly string[] {
  const { closed } = told;
  return [
    `${told.id}  ${told.rule}: ${told.title}`,
    `  ${told.explanation}`,
    `  severity    ${told.severity}, confidence ${told.confidence}, ${told.mode}`,
    `  about       ${told.entity.type}:${told.entity.id}`,
    `  subject     ${told.subject_id ?? '-'}, resource ${told.resource ?? '-'}`,
    `  window      ${told.start_at} to ${told.end_at}`,
    `  raised      ${told.raised_at}`,
    `  observed    ${told.observed}, threshold ${told.threshold}`,
    `  MITRE       ${told.mitre.join(', ') || '-'}; OWASP NHI ${told.owasp_nhi.join(', ') || '-'}`,
    ...told.evidence_event_ids.map(
      (id, index) => `  ${index === 0 ? 'evidence' : '        '}    ${id}`,
    ),
    ...told.responses.map((one) => `  response    ${responseText(one)}`),
    `  closed      ${closingText(closed)}`,
  ].map(shown);
}

type ToldResponse = ToldDetection['responses'][number];

export const responseText = (told: ToldResponse): string => {
  const { action, target, seconds, result, ended_at: ended } = told;
  const time = seconds ? ` for ${seconds} s` : '';
  return `${action} ${target}${time}: ${result}${ended ? `, over since ${ended}` : ''}`;
};

function closingText(closed: ToldDetection['closed']): string {
  if (!closed) return 'no';
  const note = closed.note ? ` (${closed.note})` : '';
  return `${closed.at}: ${closed.resolution} by ${closed.by ?? 'nobody, in time'}${note}`;
}

export function ruleLine({
  id,
  title,
  tier,
  mode,
  thresholds,
  last_dry_run: tried,
}: ToldRule): string {
  const figures = Object.entries(thresholds).map(([name, figure]) => `${name}=${figure}`);
  const lastly = tried ? `tried ${tried.at}: ${tried.found} found` : 'never tried';
  const trial = tier === 'inline' ? '' : `  ${lastly}`;
  return shown(
    `${id}  ${mode.padEnd(7)}  ${tier.padEnd(6)}  ${title}  ${figures.join(' ')}${trial}`,
  );
}
