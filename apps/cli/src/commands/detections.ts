import { type Command } from 'commander';
import {
  addAdminOptions,
  type AdminAnswer,
  type AdminOptions,
  askAdmin,
  postAdmin,
} from '../ask-admin.js';
import {
  detectionIn,
  detectionLine,
  detectionLines,
  detectionsIn,
  dryRunIn,
  responseText,
  ruleLine,
  rulesIn,
  undoingIn,
} from '../detection-answer.js';
import { printList } from '../print-list.js';
import { shown, shownJson } from '../shown.js';
import { UsageError } from '../usage-error.js';

interface JsonOptions extends AdminOptions {
  readonly json?: boolean;
}

interface ListOptions extends JsonOptions {
  readonly rule?: string;
  readonly entity?: string;
  readonly status?: string;
  readonly severity?: string;
  readonly after?: string;
  readonly limit: string;
}

interface CloseOptions extends JsonOptions {
  readonly resolution?: string;
  readonly note?: string;
}

interface UndoOptions extends JsonOptions {
  readonly reason?: string;
}

const JSON_OPTION = ['--json', 'the answer of the admin API instead of readable lines'] as const;

/** `postern detections list|show|close|undo|rules|dry-run`. */
export function addDetections(program: Command): void {
  const detections = program
    .command('detections')
    .description('what the rules found in the evidence, and what was done about it');
  addLooks(detections);
  addActs(detections);
}

function addLooks(detections: Command): void {
  addAdminOptions(detections.command('list').description('the newest first; needs admin.read'))
    .option('--rule <id>', 'of this rule, such as D02')
    .option('--entity <type:id>', 'about this, such as handle:hdl_...')
    .option('--status <status>', 'open or closed')
    .option('--severity <severity>', 'info, low, medium, high or critical')
    .option('--after <id>', 'older than this one: the next page')
    .option('--limit <n>', 'how many, at most 500', '20')
    .option(...JSON_OPTION)
    .action(list);
  addAdminOptions(
    detections
      .command('show <id>')
      .description('one of them: why, by which events, and what was done; needs admin.read'),
  )
    .option(...JSON_OPTION)
    .action(show);
  addAdminOptions(
    detections
      .command('rules')
      .description('the rules, how they are set and when they were tried; needs admin.read'),
  )
    .option(...JSON_OPTION)
    .action(rules);
}

function addActs(detections: Command): void {
  addAdminOptions(
    detections
      .command('close <id>')
      .description('it is judged; what was done about it stays; needs admin.revoke'),
  )
    .option('--resolution <resolution>', 'confirmed, false_positive or benign')
    .option('--note <note>', 'for the next analyst')
    .option(...JSON_OPTION)
    .action(close);
  addAdminOptions(
    detections
      .command('undo <id>')
      .description(
        'take back what was suspended; what was revoked stays revoked; needs admin.revoke',
      ),
  )
    .option('--reason <reason>', 'for the events')
    .option(...JSON_OPTION)
    .action(undo);
  addAdminOptions(
    detections
      .command('dry-run <rule>')
      .description(
        'have the sentinel try a rule on the last seven days, before it may enforce; needs admin.revoke',
      ),
  )
    .option(...JSON_OPTION)
    .action(dryRun);
}

async function list(options: ListOptions): Promise<void> {
  const { rule, status, severity, after, limit, entity } = options;
  const query = new URLSearchParams({ limit });
  for (const [name, value] of Object.entries({ rule, status, severity, after })) {
    if (value !== undefined) query.set(name, value);
  }
  if (entity !== undefined) setEntity(query, entity);
  const answer = await askAdmin(`/admin/v1/detections?${query.toString()}`, options);
  const { detections, next } = detectionsIn(answer);
  if (options.json === true) console.log(shownJson(answer.body));
  else printList(detections.map(detectionLine), 'detection');
  if (next) process.stderr.write(`more: --after ${shown(next)}\n`);
}

function setEntity(query: URLSearchParams, entity: string): void {
  const [, type, id] = /^([a-z]+):(.+)$/s.exec(entity) ?? [];
  if (type === undefined || id === undefined) {
    throw new UsageError('--entity: expected <type>:<id>, such as handle:hdl_...');
  }
  query.set('entityType', type);
  query.set('entityId', id);
}

async function show(id: string, options: JsonOptions): Promise<void> {
  const answer = await askAdmin(pathOf(id), options);
  const told = detectionIn(answer);
  print(answer, options, () => detectionLines(told));
}

async function rules(options: JsonOptions): Promise<void> {
  const answer = await askAdmin('/admin/v1/detection-rules', options);
  const told = rulesIn(answer);
  print(answer, options, () => told.map(ruleLine));
}

async function close(id: string, options: CloseOptions): Promise<void> {
  const { resolution, note } = options;
  if (resolution === undefined) {
    throw new UsageError('say how it ended: --resolution confirmed, false_positive or benign');
  }
  const answer = await postAdmin(`${pathOf(id)}/close`, options, { resolution, note });
  const told = detectionIn(answer);
  print(answer, options, () => [detectionLine(told)]);
}

async function undo(id: string, options: UndoOptions): Promise<void> {
  const { reason } = options;
  if (reason === undefined) throw new UsageError('undo needs --reason');
  const answer = await postAdmin(`${pathOf(id)}/undo`, options, { reason });
  const { undone, kept } = undoingIn(answer);
  print(answer, options, () => [
    ...undone.map((one) => shown(`taken back  ${responseText(one)}`)),
    ...kept.map((one) => shown(`kept        ${responseText(one)}`)),
  ]);
}

async function dryRun(rule: string, options: JsonOptions): Promise<void> {
  const path = `/admin/v1/detection-rules/${encodeURIComponent(rule)}/dry-run`;
  const answer = await postAdmin(path, options, {});
  const asked = dryRunIn(answer);
  print(answer, options, () => [
    shown(`${asked} is tried; postern detections rules tells what it found`),
  ]);
}

function print({ body }: AdminAnswer, { json }: JsonOptions, lines: () => readonly string[]): void {
  for (const line of json === true ? [shownJson(body)] : lines()) console.log(line);
}

const pathOf = (id: string): string => `/admin/v1/detections/${encodeURIComponent(id)}`;
