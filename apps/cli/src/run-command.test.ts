import { jest } from '@jest/globals';
import { Command } from 'commander';
import { runCommand } from './run-command.js';
import { refuseTokenAsArgument } from './wrapping-token.js';

const TOKEN = `s.${'A'.repeat(24)}`;

let told: string[];
let program: Command;
let done: string[];
beforeEach(() => {
  [told, done] = [[], []];
  process.exitCode = undefined;
  const say = (text: unknown): boolean => told.push(String(text)) > 0;
  jest.spyOn(process.stderr, 'write').mockImplementation(say);
  program = new Command('postern').exitOverride();
  program.command('rotate <resource>').action((resource: string) => void done.push(resource));
});
afterEach(() => {
  jest.restoreAllMocks();
  process.exitCode = undefined;
});

const run = (...args: readonly string[]): Promise<void> =>
  runCommand(program, ['node', 'postern', ...args], refuseTokenAsArgument);

describe('a command', () => {
  it('is run when its arguments may be looked at', async () => {
    await run('rotate', 'ledger');
    expect([done, told]).toEqual([['ledger'], []]);
  });

  it.each<readonly [string, readonly string[], number]>([
    ['an option that there is not', ['rotate', 'ledger', '--bogus'], 64],
    ['no argument', ['rotate'], 64],
    ['a command that there is not', ['rotat'], 64],
    ['help', ['--help'], 0],
  ])('does not end with 1 when it is given %s', async (_what, args, code) => {
    jest.spyOn(process.stdout, 'write').mockImplementation(() => true);
    await run(...args);
    expect([process.exitCode, done]).toEqual([code, []]);
  });

  it('tells what went wrong in lines that do not steer a terminal, without handles', async () => {
    program.command('fail').action(() => {
      throw new Error(`\u001b[2J\u009b of pst_test_${'A'.repeat(49)}\nsecond line`);
    });
    await run('fail');
    expect(told.join('')).toBe('postern: \\u001b[2J\\u009b of [redacted]\npostern: second line\n');
    expect(process.exitCode).toBe(70);
  });

  it.each([
    ['of an option that is unknown', ['rotate', 'ledger', `--wrapped=${TOKEN}`]],
    ['that is one', ['rotate', `--${TOKEN}`]],
    ['in the place of a command', [TOKEN]],
    ['that is too many', ['rotate', 'ledger', TOKEN]],
  ])('does not repeat a wrapping token %s', async (_what, args) => {
    await run(...args);
    expect(told.join('')).toContain('a wrapping token stands among the arguments');
    expect(told.join('')).not.toContain('AAAA');
    expect(process.exitCode).toBe(64);
    expect(done).toEqual([]);
  });
});
