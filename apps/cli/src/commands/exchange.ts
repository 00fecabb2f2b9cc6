import { type Command } from 'commander';
import { PosternClient } from '#client';
import { readInput } from '../input.js';

interface ExchangeOptions {
  readonly origin: string;
  readonly subjectTokenFile: string;
  readonly scope?: string[];
  readonly json?: boolean;
}

/** `postern exchange <resource>`: a subject token in, a handle out. */
export function addExchange(program: Command): void {
  program
    .command('exchange <resource>')
    .description(
      'exchange a workload identity for a handle; prints the handle alone, ready for a variable',
    )
    .option('--origin <url>', "Postern's public origin", 'http://127.0.0.1:8080')
    .option('--subject-token-file <file>', 'JWT of a registered issuer; - for standard input', '-')
    .option('--scope <scope...>', "scopes to ask for; without it the grant's defaultScopes")
    .option('--json', 'print handle, handle id, scopes and life as JSON')
    .action(exchange);
}

async function exchange(resource: string, options: ExchangeOptions): Promise<void> {
  const client = new PosternClient(options.origin);
  const issued = await client.exchange({
    subjectToken: await readInput(options.subjectTokenFile),
    audience: resource,
    ...(options.scope === undefined ? {} : { scopes: options.scope }),
  });
  console.log(options.json === true ? JSON.stringify(issued) : issued.handle);
}
