import { type Command } from 'commander';
import { z } from 'zod';
import { PosternRefused } from '#client';
import { addAdminOptions, type AdminOptions, askAdmin } from '../ask-admin.js';
import { clientOf } from '../client-of.js';
import { readHandle } from '../input.js';
import { UsageError } from '../usage-error.js';

interface RevokeOptions extends AdminOptions {
  readonly cascade?: string;
  readonly scope?: string;
  readonly id?: string;
  readonly reason?: string;
}

/** What `/admin/v1/revoke` answers, as far as it is printed (docs/openapi.json). */
const revocation = z.looseObject({ revoked: z.array(z.string()) });

/** `postern revoke`: the holder's own handle, or, for operators, everything that a selector names. */
export function addRevoke(program: Command): void {
  const command = program
    .command('revoke')
    .description(
      'revoke the handle in POSTERN_HANDLE; with --scope and --id, what they name (then POSTERN_HANDLE is an operator handle)',
    );
  addAdminOptions(command)
    .option(
      '--cascade <what>',
      'with it all handles of its family or of its task; a bound handle needs --dpop-key for that',
    )
    .option('--scope <scope>', 'handle, family, subject, issuer, grant or resource')
    .option('--id <id>', 'which one')
    .option('--reason <reason>', 'for the event')
    .action(revoke);
}

async function revoke(options: RevokeOptions): Promise<void> {
  const cascade = cascadeOf(options);
  if (options.scope !== undefined) {
    await revokeSelected(options);
    return;
  }
  const client = await clientOf(options);
  await client.revoke(await readHandle(options), cascade === undefined ? {} : { cascade });
  console.log('revoked');
}

function cascadeOf({ cascade, scope }: RevokeOptions): 'family' | 'task' | undefined {
  if (cascade === undefined) return undefined;
  if (scope !== undefined)
    throw new UsageError('--scope says already what is revoked: no --cascade');
  if (cascade === 'family' || cascade === 'task') return cascade;
  throw new UsageError('--cascade: expected family or task');
}

async function revokeSelected(options: RevokeOptions): Promise<void> {
  const { scope, id, reason } = options;
  if (id === undefined || reason === undefined) {
    throw new UsageError('--scope needs --id and --reason');
  }
  const { status, body } = await askAdmin('/admin/v1/revoke', options, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ scope, id, reason }),
  });
  const { data } = revocation.safeParse(body);
  if (data === undefined) {
    throw new PosternRefused(status, 'unexpected answer: is this the admin API?', undefined);
  }
  for (const revoked of data.revoked) console.log(revoked);
  process.stderr.write(`${data.revoked.length} handles revoked\n`);
}
