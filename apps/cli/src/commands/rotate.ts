import { type Command } from 'commander';
import { z } from 'zod';
import { addAdminOptions, type AdminOptions, askAdmin, fitting, postAdmin } from '../ask-admin.js';
import { exitCodeOf, followRotation } from '../follow-rotation.js';
import { rotationIn, type ToldRotation } from '../rotation-answer.js';
import { shown } from '../shown.js';
import { UsageError } from '../usage-error.js';
import { type HandedToken, readWrappingToken, refuseTokenAsArgument } from '../wrapping-token.js';

interface RotateOptions extends AdminOptions {
  readonly wrapped?: boolean;
  readonly generated?: boolean;
  readonly compromise?: boolean;
  readonly reason?: string;
  readonly wait: boolean;
}

const AFTER_HELP = `
The wrapping token comes on standard input alone, bare or as the JSON that vault prints, and leaves this process encrypted
for the rotators:

  vault kv get -mount=secret -wrap-ttl=10m -format=json intake/ledger | postern rotate ledger --wrapped --reason 'change 4711'

POSTERN_HANDLE is an operator handle with admin.rotate, and admin.read to follow. It ends with 0 when the new version is in
use and the old one has ended, with 2 when an administrator has to act, with 1 when the old version stays.
`;

const intakeKeySchema = z.object({ kid: z.string(), jwk: z.record(z.string(), z.string()) });

/** `postern rotate <resource>`: asks for a rotation and shows how it goes. */
export function addRotate(program: Command): void {
  const command = program
    .command('rotate <resource> [more...]')
    .description('rotate the credential of a resource, and show each state as it comes');
  addAdminOptions(command)
    .option(
      '--wrapped',
      'to the value of a Vault wrapping token, which is read from standard input',
    )
    .option('--generated', 'to a value that Postern makes')
    .option(
      '--compromise',
      'because the value is known to others: the old one is destroyed at once; others must approve it',
    )
    .option('--reason <reason>', 'for the events and for who approves it')
    .option('--no-wait', 'print the id of the rotation, and do not follow it')
    .addHelpText('after', AFTER_HELP)
    .action(rotate);
}

async function rotate(
  resource: string,
  more: readonly string[],
  options: RotateOptions,
): Promise<void> {
  refuseTokenAsArgument([resource, ...more, ...Object.values<unknown>({ ...options })]);
  assertComplete(more, options);
  const handed = options.wrapped === true ? await readWrappingToken() : undefined;
  const rotation = await request(resource, options, handed);
  console.log(shown(rotation.id));
  if (!options.wait) return;
  const print = (line: string): void => console.log(line);
  process.exitCode = exitCodeOf(await followRotation(rotation.id, { options, print }));
}

function assertComplete(
  more: readonly string[],
  { wrapped, generated, reason, handleFile }: RotateOptions,
): void {
  if (more.length > 0) throw new UsageError('expected one resource, and nothing after it');
  if ((wrapped === true) === (generated === true)) {
    throw new UsageError('say where the new value comes from: --wrapped or --generated');
  }
  if (reason === undefined) throw new UsageError('a rotation needs --reason');
  if (wrapped === true && handleFile === '-') {
    throw new UsageError('standard input holds the wrapping token: name a file with --handle-file');
  }
}

async function request(
  resource: string,
  options: RotateOptions,
  handed: HandedToken | undefined,
): Promise<ToldRotation> {
  const order = {
    resource,
    origin: handed === undefined ? 'generated' : 'wrapped',
    trigger: options.compromise === true ? 'compromise' : 'admin',
    reason: options.reason,
    ...(handed === undefined ? {} : await sealed(handed, options)),
  };
  return rotationIn(await postAdmin('/admin/v1/rotations', options, order));
}

async function sealed(
  { wrappingToken, told }: HandedToken,
  options: RotateOptions,
): Promise<{ wrapped_token: string; told?: HandedToken['told'] }> {
  const answer = await askAdmin('/admin/v1/rotations/intake-key', options);
  const { sealWrap } = await import('#adapters/intake'); // Not small.
  const sealedToken = await sealWrap(fitting(intakeKeySchema, answer), wrappingToken);
  return { wrapped_token: sealedToken, ...(told === undefined ? {} : { told }) };
}
