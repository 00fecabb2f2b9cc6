import { type Command } from 'commander';
import { z } from 'zod';
import { addAdminOptions, type AdminOptions, askAdmin, fitting, postAdmin } from '../ask-admin.js';
import { eventLine } from '../event-line.js';
import { exitCodeOf, followRotation } from '../follow-rotation.js';
import { rotationIn, rotationLine, rotationLines, rotationsIn } from '../rotation-answer.js';
import { printList } from '../print-list.js';
import { shown, shownJson } from '../shown.js';
import { UsageError } from '../usage-error.js';
import { refuseTokenAsArgument } from '../wrapping-token.js';

interface ListOptions extends AdminOptions {
  readonly resource?: string;
  readonly state?: string;
  readonly before?: string;
  readonly limit: string;
  readonly json?: boolean;
}

interface ShowOptions extends AdminOptions {
  readonly json?: boolean;
  readonly follow?: boolean;
}

interface ActOptions extends AdminOptions {
  readonly reason?: string;
}

/** `postern rotations list|show|credentials|approve|abandon|reconcile`. */
export function addRotations(program: Command): void {
  const rotations = program
    .command('rotations')
    .description('rotations of credentials: what was asked for, how far it is, and what to do');
  addLooks(rotations);
  addAct(rotations, 'approve', 'as another operator than who asked for it; needs admin.approve');
  addAct(
    rotations,
    'abandon',
    'end it, as long as the legacy system is not changed, or it is manual_required; needs admin.rotate',
  );
  addAct(
    rotations,
    'reconcile',
    'have the reconcile account set a new value, when it is manual_required; needs admin.rotate',
  );
}

function addLooks(rotations: Command): void {
  addAdminOptions(rotations.command('list').description('the newest first; needs admin.read'))
    .option('--resource <id>', 'of this resource')
    .option('--state <state>', 'in this state, such as manual_required')
    .option('--before <id>', 'older than this one: the next page')
    .option('--limit <n>', 'how many, at most 500', '20')
    .option('--json', 'the answer of the admin API instead of readable lines')
    .action(list);
  addAdminOptions(
    rotations.command('show <id>').description('one of them and its events; needs admin.read'),
  )
    .option('--follow', 'show each state as it comes, until it rests')
    .option('--json', 'the answer of the admin API instead of readable lines')
    .action(show);
  addAdminOptions(
    rotations
      .command('credentials')
      .description('the credentials that are rotated, and how they stand; needs admin.read'),
  )
    .option('--json', 'the answer of the admin API instead of readable lines')
    .action(credentials);
}

const addAct = (rotations: Command, act: string, description: string): Command =>
  addAdminOptions(rotations.command(`${act} <id>`).description(description))
    .option('--reason <reason>', 'for the events')
    .action((id: string, options: ActOptions) => intervene(act, id, options));

async function list({ json, ...options }: ListOptions): Promise<void> {
  const { resource, state, before, limit } = options;
  const query = new URLSearchParams({ limit });
  for (const [name, value] of Object.entries({ resource, state, before })) {
    if (value !== undefined) query.set(name, value);
  }
  const answer = await askAdmin(`/admin/v1/rotations?${query.toString()}`, options);
  const { rotations, next } = rotationsIn(answer);
  if (json === true) {
    console.log(shownJson(answer.body));
    return;
  }
  printList(rotations.map(rotationLine), 'rotation');
  if (next) process.stderr.write(`more: --before ${shown(next)}\n`);
}

async function show(id: string, { json, follow, ...options }: ShowOptions): Promise<void> {
  if (follow === true) {
    const print = (line: string): void => console.log(line);
    process.exitCode = exitCodeOf(await followRotation(id, { options, print }));
    return;
  }
  const answer = await askAdmin(pathOf(id), options);
  const told = rotationIn(answer);
  if (json === true) {
    console.log(shownJson(answer.body));
    return;
  }
  for (const line of rotationLines(told)) console.log(line);
  console.log('events:');
  for (const event of told.events) console.log(`  ${eventLine(event)}`);
}

async function intervene(act: string, id: string, options: ActOptions): Promise<void> {
  const { reason } = options;
  refuseTokenAsArgument([id, reason]);
  if (act === 'abandon' && reason === undefined) throw new UsageError('abandon needs --reason');
  const answer = await postAdmin(`${pathOf(id)}/${act}`, options, { reason });
  console.log(rotationLine(rotationIn(answer)));
}

const pathOf = (id: string): string => `/admin/v1/rotations/${encodeURIComponent(id)}`;

const credentialPage = z.object({
  credentials: z.array(
    z.looseObject({
      resource: z.string(),
      ref: z.object({ mount: z.string(), path: z.string() }),
      kind: z.string(),
      state: z.string(),
      gate: z.string().nullish(),
      current_version: z.int().nullish(),
      fallback_version: z.int().nullish(),
    }),
  ),
});

async function credentials({ json, ...options }: ShowOptions): Promise<void> {
  const answer = await askAdmin('/admin/v1/credentials', options);
  const told = fitting(credentialPage, answer);
  if (json === true) {
    console.log(shownJson(answer.body));
    return;
  }
  for (const one of told.credentials) {
    const { mount, path } = one.ref;
    const fallback = one.fallback_version ? ` (or ${one.fallback_version})` : '';
    const version = `version ${one.current_version ?? '-'}${fallback}`;
    const facts = [one.resource, one.state, `gate ${one.gate ?? '-'}`, version, one.kind];
    console.log(shown([...facts, `${mount}/${path}`].join('  ')));
  }
}
