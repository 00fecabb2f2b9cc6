import { type Command } from 'commander';
import { addAdminOptions } from '../ask-admin.js';
import { addOrderOptions, orderHandles, type OrderOptions } from '../order-handles.js';

/** `postern suspend` and `postern resume`: for operators. */
export function addSuspend(program: Command): void {
  const suspend = program
    .command('suspend')
    .description(
      'suspend what --scope and --id name, until it is resumed: no call and no exchange meanwhile (POSTERN_HANDLE is an operator handle)',
    );
  addOrderOptions(addAdminOptions(suspend)).action((options: OrderOptions) =>
    orderHandles('suspend', options),
  );
  const resume = program
    .command('resume')
    .description('end the suspension of the same --scope and --id');
  addOrderOptions(addAdminOptions(resume)).action((options: OrderOptions) =>
    orderHandles('resume', options),
  );
}
