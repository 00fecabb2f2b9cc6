import { Command } from 'commander';
import { runCommand } from './run-command.js';
import { refuseTokenAsArgument } from './wrapping-token.js';

/** A command's module is loaded when it is the one that is asked for; whoever asks for another thing, as for help, gets all. */
const COMMANDS = new Map<string, () => Promise<(program: Command) => void>>([
  ['exchange', async () => (await import('./commands/exchange.js')).addExchange],
  ['call', async () => (await import('./commands/call.js')).addCall],
  ['revoke', async () => (await import('./commands/revoke.js')).addRevoke],
  ['suspend', async () => (await import('./commands/suspend.js')).addSuspend],
  ['rotate', async () => (await import('./commands/rotate.js')).addRotate],
  ['rotations', async () => (await import('./commands/rotations.js')).addRotations],
  ['wrap', async () => (await import('./commands/wrap.js')).addWrap],
  ['canary', async () => (await import('./commands/canary.js')).addCanary],
  ['detections', async () => (await import('./commands/detections.js')).addDetections],
  ['restrictions', async () => (await import('./commands/restrictions.js')).addRestrictions],
  ['config', async () => (await import('./commands/config.js')).addConfig],
  ['grants', async () => (await import('./commands/grants.js')).addGrants],
  ['seal', async () => (await import('./commands/seal.js')).addSeal],
  ['events', async () => (await import('./commands/events.js')).addEvents],
  ['dlq', async () => (await import('./commands/dlq.js')).addDlq],
  ['audit', async () => (await import('./commands/audit.js')).addAudit],
  ['migrate', async () => (await import('./commands/migrate.js')).addMigrate],
  ['topics', async () => (await import('./commands/topics.js')).addTopics],
]);

const EXIT_CODES = `
Ends with 0 when it is done; 64 when it was asked in a way that it does not understand, 69 when something does not answer,
70 after a fault of its own, 77 when it was refused, 78 when a setting, a file or the evidence is not in order. Where 1 and 2 are
an answer (audit verify, call, grants, rotate, rotations show --follow, wrap verify), the help of the command says which.
`;

const program = new Command('postern')
  .description('Postern: workload identity in, legacy system called, secret unseen')
  .showHelpAfterError('(postern --help lists the commands)')
  .addHelpText('after', EXIT_CODES)
  .exitOverride();
const [, , name = ''] = process.argv;
const asked = COMMANDS.get(name);
/** To these a wrapping token may be given by mistake, and to what is no command at all. */
const takesTokens = asked === undefined || ['rotate', 'rotations', 'wrap'].includes(name);
for (const load of asked === undefined ? COMMANDS.values() : [asked]) {
  const add = await load();
  add(program);
}
await runCommand(program, process.argv, takesTokens ? refuseTokenAsArgument : undefined);
