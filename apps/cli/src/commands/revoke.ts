import { type Command } from 'commander';
import { addAdminOptions } from '../ask-admin.js';
import { clientOf } from '../client-of.js';
import { readHandle } from '../input.js';
import { addOrderOptions, orderHandles, type OrderOptions } from '../order-handles.js';
import { UsageError } from '../usage-error.js';

interface RevokeOptions extends OrderOptions {
  readonly cascade?: string;
}

/** With one of these it is an order, and must say all of it: never by mistake the own handle. */
const NAMING = ['scope', 'id', 'issuer', 'subjectId', 'reason'] as const;

/** `postern revoke`: the holder's own handle, or, for operators, everything that a selector names. */
export function addRevoke(program: Command): void {
  const command = program
    .command('revoke')
    .description(
      'revoke the handle in POSTERN_HANDLE; with --scope and --id, what they name (then POSTERN_HANDLE is an operator handle)',
    );
  addAdminOptions(command).option(
    '--cascade <what>',
    'with it all handles of its family or of its task; a bound handle needs --dpop-key for that',
  );
  addOrderOptions(command).action(revoke);
}

async function revoke(options: RevokeOptions): Promise<void> {
  const cascade = cascadeOf(options);
  if (NAMING.some((name) => options[name] !== undefined)) {
    await orderHandles('revoke', options);
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
