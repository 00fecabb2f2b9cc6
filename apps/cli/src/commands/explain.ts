import { type Command } from 'commander';
import { z } from 'zod';
import { addAdminOptions, type AdminOptions, askAdmin, fitting } from '../ask-admin.js';
import { eventLine } from '../event-line.js';
import { shown, shownJson } from '../shown.js';

interface ExplainOptions extends AdminOptions {
  readonly json?: boolean;
}

const nullable = z.string().nullish();

/** What `/admin/v1/explain/{correlation_id}` answers, as far as it is printed (docs/openapi.json). */
const explanation = z.looseObject({
  correlation_id: z.string(),
  kind: z.string(),
  effect: z.string(),
  step: nullable,
  reason: nullable,
  compared: nullable,
  closest_grant: z.object({ id: z.string(), version: z.int().optional() }).nullish(),
  grant_set_digest: nullable,
  at: z.string(),
  subject: z
    .object({ id: z.string(), issuer: z.string(), subject: z.string() })
    .partial()
    .nullish(),
  actors: z.array(z.object({ issuer: z.string(), subject: z.string() })).default([]),
  handle_id: nullable,
  events: z.array(z.looseObject({})),
  has_more: z.boolean().default(false),
});

export type Explanation = z.infer<typeof explanation>;

/** `postern grants explain`: why a request was answered as it was. Callers are not told; operators are. */
export function addExplain(grants: Command): void {
  const command = grants
    .command('explain')
    .description(
      'why a request was permitted or denied; POSTERN_HANDLE is an operator handle with admin.read',
    )
    .argument('<correlation-id>', 'postern-correlation-id of the answer, req_...');
  addAdminOptions(command)
    .option('--json', 'the answer of the admin API instead of readable lines')
    .action(explain);
}

async function explain(correlationId: string, options: ExplainOptions): Promise<void> {
  const path = `/admin/v1/explain/${encodeURIComponent(correlationId)}`;
  const answer = await askAdmin(path, options);
  const told = fitting(explanation, answer);
  if (options.json === true) console.log(shownJson(answer.body));
  else for (const line of explanationLines(told)) console.log(line);
}

/** Lines for a person at a terminal; what a caller put into a request cannot move the cursor or begin a line. */
export function explanationLines(told: Explanation): string[] {
  const { subject, actors, closest_grant: grant } = told;
  const facts: readonly (readonly [name: string, value: string | null | undefined])[] = [
    ['step', told.step],
    ['reason', told.reason],
    ['compared', told.compared],
    [told.effect === 'permit' ? 'grant' : 'closest grant', grantText(grant)],
    ['grant set', told.grant_set_digest],
    ['subject', subject?.subject],
    ['issuer', subject?.issuer],
    ['subject id', subject?.id],
    ...actors.map((actor) => ['actor', `${actor.subject} of ${actor.issuer}`] as const),
    ['handle', told.handle_id],
  ];
  return [
    shown(`${told.at} ${told.kind} ${told.effect} ${told.correlation_id}`),
    ...facts.flatMap(([name, value]) => (value ? [`  ${name.padEnd(14)}${shown(value)}`] : [])),
    'events:',
    ...told.events.map((event) => `  ${eventLine(event)}`),
    ...(told.has_more ? ['  ... and more: postern events tail --from earliest'] : []),
  ];
}

const grantText = (grant: Explanation['closest_grant']): string | undefined =>
  grant?.version === undefined ? grant?.id : `${grant.id} version ${grant.version}`;
