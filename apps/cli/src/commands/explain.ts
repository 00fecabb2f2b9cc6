import { type Command } from 'commander';
import { z } from 'zod';
import { PosternRefused } from '#client';
import { describeEvent, type RecordedEvent } from '#events';
import { DependencyUnavailable } from '#kernel';
import { readHandle } from '../input.js';

interface ExplainOptions {
  readonly admin: string;
  readonly handleFile?: string;
  readonly json?: boolean;
}

const REQUEST_TIMEOUT_MS = 15_000;

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
  grants
    .command('explain')
    .description(
      'why a request was permitted or denied; POSTERN_HANDLE is an operator handle with admin.read',
    )
    .argument('<correlation-id>', 'postern-correlation-id of the answer, req_...')
    .option('--admin <url>', 'origin of the admin API', 'http://127.0.0.1:8081')
    .option('--handle-file <file>', 'read the handle from a file; - for standard input')
    .option('--json', 'the answer of the admin API instead of readable lines')
    .action(explain);
}

async function explain(correlationId: string, options: ExplainOptions): Promise<void> {
  const handle = await readHandle(options);
  const response = await ask(options.admin, correlationId, handle);
  const answer: unknown = await response.json().catch(() => undefined);
  if (!response.ok) throw new PosternRefused(response.status, detailOf(answer), undefined);
  const { data } = explanation.safeParse(answer);
  if (data === undefined) {
    const message = 'the answer is no explanation: is this the origin of the admin API?';
    throw new PosternRefused(response.status, message, undefined);
  }
  if (options.json === true) console.log(JSON.stringify(answer));
  else for (const line of explanationLines(data)) console.log(line);
}

/** Never follows a redirect: the handle is for the origin that was named. @throws DependencyUnavailable */
async function ask(origin: string, correlationId: string, handle: string): Promise<Response> {
  const url = `${origin}/admin/v1/explain/${encodeURIComponent(correlationId)}`;
  const headers = { authorization: `Bearer ${handle}` };
  const signal = AbortSignal.timeout(REQUEST_TIMEOUT_MS);
  return fetch(url, { headers, signal, redirect: 'error' }).catch((cause: unknown) => {
    const message = `the admin API does not answer at ${origin}: name it with --admin`;
    throw new DependencyUnavailable('admin API', message, { cause });
  });
}

function detailOf(answer: unknown): string {
  const { data } = z.object({ detail: z.string() }).safeParse(answer);
  return shown(data?.detail ?? 'refused');
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

/** Events of a later version are shown as they came. */
function eventLine(event: Readonly<Record<string, unknown>>): string {
  const { success } = eventShape.safeParse(event);
  return success ? describeEvent(event as unknown as RecordedEvent) : shown(JSON.stringify(event));
}

const eventShape = z.looseObject({
  time: z.string(),
  severitytext: z.string(),
  type: z.string(),
  subject: z.string(),
  env: z.string(),
  correlationid: z.string(),
  data: z.looseObject({}),
});

/** Printable ASCII; everything else is escaped. */
const shown = (text: string): string =>
  text.replace(
    /[^\x20-\x7e]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
