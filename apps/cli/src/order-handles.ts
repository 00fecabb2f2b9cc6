import { type Command } from 'commander';
import { z } from 'zod';
import { type AdminOptions, fitting, postAdmin } from './ask-admin.js';
import { shown } from './shown.js';
import { UsageError } from './usage-error.js';

/** What an order names, as options. */
export interface OrderOptions extends AdminOptions {
  readonly scope?: string;
  readonly id?: string;
  readonly issuer?: string;
  readonly subjectId?: string;
  readonly reason?: string;
}

export type OrderVerb = 'revoke' | 'suspend' | 'resume';

/** What the admin API calls what it did (docs/openapi.json). */
const DONE: Readonly<Record<OrderVerb, string>> = {
  revoke: 'revoked',
  suspend: 'suspended',
  resume: 'resumed',
};

/** The options of OrderOptions but for those of the admin API. */
export const addOrderOptions = (command: Command): Command =>
  command
    .option('--scope <scope>', 'handle, family, subject, issuer, grant, key, resource or task')
    .option('--id <id>', 'which one')
    .option('--issuer <iss>', 'with --scope key: the iss of its issuer')
    .option('--subject-id <id>', 'with --scope task: whose task it is, sub_...')
    .option('--reason <reason>', 'for the event');

/**
 * Asks the admin API to do so, and prints the ids of the handles that it changed, one a line.
 * @throws UsageError, PosternRefused, DependencyUnavailable
 */
export async function orderHandles(verb: OrderVerb, options: OrderOptions): Promise<void> {
  const answer = await postAdmin(`/admin/v1/${verb}`, options, orderOf(options));
  const { [DONE[verb]]: changed = [] } = fitting(
    z.looseObject({ [DONE[verb]]: z.array(z.string()) }),
    answer,
  );
  for (const id of changed) console.log(shown(id));
  process.stderr.write(`${changed.length} handles ${DONE[verb]}\n`);
}

function orderOf({ scope, id, issuer, subjectId, reason }: OrderOptions): object {
  if (scope === undefined || id === undefined || reason === undefined) {
    throw new UsageError('an order needs --scope, --id and --reason');
  }
  if ((scope === 'key') !== (issuer !== undefined)) {
    throw new UsageError('--issuer goes with --scope key, and with nothing else');
  }
  if ((scope === 'task') !== (subjectId !== undefined)) {
    throw new UsageError('--subject-id goes with --scope task, and with nothing else');
  }
  return { scope, id, issuer, subject_id: subjectId, reason };
}
