import { jest } from '@jest/globals';
import { Command } from 'commander';
import { addTopics } from '../../apps/cli/src/commands/topics.js';

/** A cluster of one broker can keep each record once. */
export const ON_ONE_BROKER = ['--replication-factor', '1', '--min-insync', '1'];

/** What `postern topics` prints, and how it ends. */
export async function posternTopics(
  environment: Record<string, string>,
  ...args: readonly string[]
): Promise<{ lines: readonly string[]; code: typeof process.exitCode }> {
  const lines: string[] = [];
  const program = new Command('postern').exitOverride();
  addTopics(program);
  const before = { ...process.env };
  const printed = jest
    .spyOn(console, 'log')
    .mockImplementation((line) => void lines.push(String(line)));
  Object.assign(process.env, environment);
  process.exitCode = undefined;
  try {
    await program.parseAsync(['node', 'postern', 'topics', ...args]);
    return { lines, code: process.exitCode };
  } finally {
    process.exitCode = undefined;
    process.env = before;
    printed.mockRestore();
  }
}
