import { type Command } from 'commander';
import { type CallDetails, type DpopProver } from '#client';
import { clientOf } from '../client-of.js';
import { openOrCreateDpopKey } from '../dpop-key-file.js';
import { readInput } from '../input.js';
import { shownJson } from '../shown.js';
import { UsageError } from '../usage-error.js';

interface ExchangeOptions {
  readonly origin: string;
  readonly subjectTokenFile: string;
  readonly actorToken?: string;
  readonly scope?: string[];
  readonly dpopKey?: string;
  readonly method?: string;
  readonly path?: string;
  readonly task?: string;
  readonly maxCalls?: string;
  readonly expiresIn?: string;
  readonly json?: boolean;
}

const AFTER_HELP = `
Tokens come from files or standard input, never as arguments: every process of the machine can read those.
With --dpop-key the handle works only together with that key: give postern call the same file.

  postern exchange ledger --subject-token-file ./my-token --dpop-key ./ledger.jwk --task settlement-7
`;

/** `postern exchange <resource>`: a subject token in, a handle out. */
export function addExchange(program: Command): void {
  program
    .command('exchange <resource>')
    .description(
      'exchange a workload identity for a handle; prints the handle alone, ready for a variable',
    )
    .option('--origin <url>', "Postern's public origin", 'http://127.0.0.1:8080')
    .option('--subject-token-file <file>', 'JWT of a registered issuer; - for standard input', '-')
    .option(
      '--actor-token <file>',
      'JWT of who acts for the subject, in a file; - for standard input',
    )
    .option('--scope <scope...>', "scopes to ask for; without it the grant's defaultScopes")
    .option(
      '--dpop-key <file>',
      'bind the handle to the private key (JWK) in the file; made, for your eyes only, when absent',
    )
    .option('--method <method>', 'HTTP method of the one operation it is good for; needs --path')
    .option('--path <path>', 'path of that operation below the resource; needs --method')
    .option('--task <name>', 'your name for the task; all handles of a task can be revoked at once')
    .option('--max-calls <n>', 'calls it may make; at most what the grant permits')
    .option('--expires-in <seconds>', 'its life; at most what the grant permits')
    .option('--json', 'print handle, handle id, token type, scopes and life as JSON')
    .addHelpText('after', AFTER_HELP)
    .action(exchange);
}

async function exchange(resource: string, options: ExchangeOptions): Promise<void> {
  const details = detailsOf(options);
  const tokens = await readTokens(options);
  const client = await clientOf(options, openOrCreate);
  const issued = await client.exchange({
    ...tokens,
    audience: resource,
    ...(options.scope === undefined ? {} : { scopes: options.scope }),
    ...(details === undefined ? {} : { details }),
  });
  console.log(options.json === true ? shownJson(issued) : issued.handle);
}

/** Makes the key file when it is absent. */
const openOrCreate = (file: string): Promise<DpopProver> =>
  openOrCreateDpopKey(file, (line) => void process.stderr.write(`${line}\n`));

async function readTokens({
  subjectTokenFile,
  actorToken,
}: ExchangeOptions): Promise<{ subjectToken: string; actorToken?: string }> {
  if (actorToken === undefined) return { subjectToken: await readInput(subjectTokenFile) };
  if (subjectTokenFile === '-' && actorToken === '-') {
    throw new UsageError(
      'standard input holds one token: name a file with --subject-token-file or --actor-token',
    );
  }
  return {
    subjectToken: await readInput(subjectTokenFile),
    actorToken: await readInput(actorToken),
  };
}

function detailsOf(options: ExchangeOptions): CallDetails | undefined {
  const { method, path, task } = options;
  if ((method === undefined) !== (path === undefined)) {
    throw new UsageError('--method and --path go together: they name one operation');
  }
  const maxCalls = wholeNumber('--max-calls', options.maxCalls);
  const expiresInSeconds = wholeNumber('--expires-in', options.expiresIn);
  const given = Object.entries({ method, path, task, maxCalls, expiresInSeconds }).filter(
    ([, value]) => value !== undefined,
  );
  return given.length === 0 ? undefined : Object.fromEntries(given);
}

function wholeNumber(flag: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (/^[1-9][0-9]{0,8}$/.test(value)) return Number(value);
  throw new UsageError(`${flag}: expected a whole number from 1 to 999999999`);
}
