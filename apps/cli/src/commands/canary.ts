import { type Command } from 'commander';
import { z } from 'zod';
import {
  addAdminOptions,
  type AdminAnswer,
  type AdminOptions,
  fitting,
  postAdmin,
} from '../ask-admin.js';
import { type PageOfLines, printPages } from '../print-list.js';
import { shown } from '../shown.js';
import { UsageError } from '../usage-error.js';

interface CreateOptions extends AdminOptions {
  readonly kind?: string;
  readonly note?: string;
}

const PATH = '/admin/v1/canaries';
const canary = z.object({
  id: z.string(),
  kind: z.string(),
  note: z.string(),
  created_at: z.string(),
  ended_at: z.string().nullable(),
});
const planted = canary.extend({ plaintext: z.string() });
const page = z.object({ canaries: z.array(canary), next: z.string().nullable() });

/** `postern canary`: handles and passwords that are worth nothing, to be planted where nobody should look. For operators. */
export function addCanary(program: Command): void {
  const group = program.command('canary').description('what is planted to be found by an attacker');
  const create = group
    .command('create')
    .description(
      'make one and print it; it is shown this once (POSTERN_HANDLE is an operator handle)',
    )
    .option('--kind <kind>', 'handle or credential')
    .option('--note <text>', 'where it is planted');
  addAdminOptions(create).action((options: CreateOptions) => createCanary(options));
  addAdminOptions(
    group.command('list').description('those that were made, without what they are'),
  ).action((options: AdminOptions) => listCanaries(options));
  addAdminOptions(group.command('end <id>').description('end one: it is told of no more')).action(
    (id: string, options: AdminOptions) => endCanary(id, options),
  );
}

/** What is planted is all of standard output, so that it can be put where it belongs. */
async function createCanary({ kind, note, ...options }: CreateOptions): Promise<void> {
  if (kind === undefined || note === undefined) {
    throw new UsageError('canary create needs --kind (handle or credential) and --note');
  }
  const { id, plaintext } = fitting(planted, await postAdmin(PATH, options, { kind, note }));
  console.log(shown(plaintext));
  process.stderr.write(`${shown(id)}: this is shown once\n`);
}

const listCanaries = (options: AdminOptions): Promise<void> =>
  printPages({ path: PATH, what: 'canary', read: linesOf }, options);

function linesOf(answer: AdminAnswer): PageOfLines {
  const { canaries, next } = fitting(page, answer);
  return { lines: canaries.map(lineOf), after: next };
}

async function endCanary(id: string, options: AdminOptions): Promise<void> {
  const path = `${PATH}/${encodeURIComponent(id)}/end`;
  console.log(lineOf(fitting(canary, await postAdmin(path, options, {}))));
}

const lineOf = ({ id, kind, note, created_at: from, ended_at: until }: z.output<typeof canary>) =>
  [id, kind, from, until === null ? 'live' : `ended ${until}`, note].map(shown).join('  ');
