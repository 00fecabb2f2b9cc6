import { Command } from 'commander';
import { runCommand } from './run-command.js';
import { addCall } from './commands/call.js';
import { addConfig } from './commands/config.js';
import { addEvents } from './commands/events.js';
import { addExchange } from './commands/exchange.js';
import { addGrants } from './commands/grants.js';
import { addMigrate } from './commands/migrate.js';
import { addRevoke } from './commands/revoke.js';
import { addSeal } from './commands/seal.js';

const program = new Command('postern')
  .description('Postern: workload identity in, legacy system called, secret unseen')
  .showHelpAfterError('(postern --help lists the commands)');
for (const add of [
  addExchange,
  addCall,
  addRevoke,
  addConfig,
  addGrants,
  addSeal,
  addEvents,
  addMigrate,
]) {
  add(program);
}
await runCommand(program, process.argv);
