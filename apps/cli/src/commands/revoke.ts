import { type Command } from 'commander';
import { PosternClient, PosternRefused } from '#client';
import { readHandle } from '../input.js';
import { UsageError } from '../usage-error.js';

interface RevokeOptions {
  readonly origin: string;
  readonly admin: string;
  readonly handleFile?: string;
  readonly scope?: string;
  readonly id?: string;
  readonly reason?: string;
}

/** `postern revoke`: the holder's own handle, or, for operators, everything that a selector names. */
export function addRevoke(program: Command): void {
  program
    .command('revoke')
    .description(
      'revoke the handle in POSTERN_HANDLE, bound to a key or not; with --scope and --id, what they name (then POSTERN_HANDLE is an operator handle, not bound to a key)',
    )
    .option('--origin <url>', "Postern's public origin", 'http://127.0.0.1:8080')
    .option('--admin <url>', 'origin of the admin API', 'http://127.0.0.1:8081')
    .option('--handle-file <file>', 'read the handle from a file; - for standard input')
    .option('--scope <scope>', 'handle, family, subject, issuer, grant or resource')
    .option('--id <id>', 'which one')
    .option('--reason <reason>', 'for the event')
    .action(revoke);
}

async function revoke(options: RevokeOptions): Promise<void> {
  const handle = await readHandle(options);
  if (options.scope === undefined) {
    await new PosternClient(options.origin).revoke(handle);
    console.log('revoked');
    return;
  }
  const { scope, id, reason } = options;
  if (id === undefined || reason === undefined) {
    throw new UsageError('--scope needs --id and --reason');
  }
  const response = await fetch(`${options.admin}/admin/v1/revoke`, {
    method: 'POST',
    headers: { authorization: `Bearer ${handle}`, 'content-type': 'application/json' },
    body: JSON.stringify({ scope, id, reason }),
  });
  const answer = (await response.json()) as { revoked?: string[]; detail?: string };
  if (answer.revoked === undefined) {
    throw new PosternRefused(response.status, answer.detail ?? 'refused', undefined);
  }
  for (const revoked of answer.revoked) console.log(revoked);
  process.stderr.write(`${answer.revoked.length} handles revoked\n`);
}
