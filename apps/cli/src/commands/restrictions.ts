import { type Command } from 'commander';
import { z } from 'zod';
import {
  addAdminOptions,
  type AdminAnswer,
  type AdminOptions,
  askAdmin,
  fitting,
} from '../ask-admin.js';
import { type PageOfLines, printPages } from '../print-list.js';
import { shown } from '../shown.js';

interface LiftOptions extends AdminOptions {
  readonly reason?: string;
}

const PATH = '/admin/v1/restrictions';
const restriction = z.object({
  id: z.string(),
  detection_id: z.string(),
  rule: z.string(),
  kind: z.string(),
  target: z.string(),
  limit: z.int().nullable(),
  resources: z.array(z.string()).nullable(),
  until: z.string(),
  lifted_at: z.string().nullable(),
});
const page = z.object({ restrictions: z.array(restriction), next: z.string().nullable() });

type Shown = z.output<typeof restriction>;

/** `postern restrictions list|lift`: what detections hold back for a time. For operators. */
export function addRestrictions(program: Command): void {
  const group = program
    .command('restrictions')
    .description('what detections hold back for a time, each of one workload, source or handle');
  addAdminOptions(
    group.command('list').description('those that stand, with their end; needs admin.read'),
  ).action((options: AdminOptions) => listRestrictions(options));
  addAdminOptions(
    group.command('lift <id>').description('end one before its time; needs admin.revoke'),
  )
    .option('--reason <reason>', 'for the event')
    .action((id: string, options: LiftOptions) => liftRestriction(id, options));
}

const listRestrictions = (options: AdminOptions): Promise<void> =>
  printPages({ path: PATH, what: 'restriction', read: linesOf }, options);

function linesOf(answer: AdminAnswer): PageOfLines {
  const { restrictions, next } = fitting(page, answer);
  return { lines: restrictions.map(lineOf), after: next };
}

async function liftRestriction(id: string, { reason, ...options }: LiftOptions): Promise<void> {
  const query = reason === undefined ? '' : `?reason=${encodeURIComponent(reason)}`;
  const path = `${PATH}/${encodeURIComponent(id)}${query}`;
  console.log(lineOf(fitting(restriction, await askAdmin(path, options, { method: 'DELETE' }))));
}

const lineOf = ({ id, kind, target, lifted_at: lifted, until, ...one }: Shown): string =>
  [id, kind, target, amountOf(one), lifted === null ? `until ${until}` : `lifted ${lifted}`]
    .concat([one.rule, one.detection_id])
    .map(shown)
    .join('  ');

function amountOf({ limit, resources }: Pick<Shown, 'limit' | 'resources'>): string {
  if (limit !== null) return `limit ${limit}`;
  return resources === null ? 'all' : `${resources.length} resources stay open`;
}
