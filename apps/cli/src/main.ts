import { Command } from 'commander';
import { runCommand } from './run-command.js';

/** A command's module is loaded when it is the one that is asked for; whoever asks for another thing, as for help, gets all. */
const COMMANDS = new Map<string, () => Promise<(program: Command) => void>>([
  ['exchange', async () => (await import('./commands/exchange.js')).addExchange],
  ['call', async () => (await import('./commands/call.js')).addCall],
  ['revoke', async () => (await import('./commands/revoke.js')).addRevoke],
  ['suspend', async () => (await import('./commands/suspend.js')).addSuspend],
  ['rotate', async () => (await import('./commands/rotate.js')).addRotate],
  ['rotations', async () => (await import('./commands/rotations.js')).addRotations],
  ['wrap', async () => (await import('./commands/wrap.js')).addWrap],
  ['config', async () => (await import('./commands/config.js')).addConfig],
  ['grants', async () => (await import('./commands/grants.js')).addGrants],
  ['seal', async () => (await import('./commands/seal.js')).addSeal],
  ['events', async () => (await import('./commands/events.js')).addEvents],
  ['dlq', async () => (await import('./commands/dlq.js')).addDlq],
  ['migrate', async () => (await import('./commands/migrate.js')).addMigrate],
  ['topics', async () => (await import('./commands/topics.js')).addTopics],
]);

const program = new Command('postern')
  .description('Postern: workload identity in, legacy system called, secret unseen')
  .showHelpAfterError('(postern --help lists the commands)');
const asked = COMMANDS.get(process.argv[2] ?? '');
for (const load of asked === undefined ? COMMANDS.values() : [asked]) {
  const add = await load();
  add(program);
}
await runCommand(program, process.argv);
