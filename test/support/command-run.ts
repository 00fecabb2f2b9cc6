import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { Command } from 'commander';
import { TEST_ORIGIN } from '#testing';
import { AdminApi } from './admin-api.js';

/** Adds one command to the program. */
type AddCommand = (program: Command) => unknown;

/** Commands of the command line, run in this process: what they print is kept, their files lie in a folder of their own. */
export class CommandRun {
  /** What goes to stdout, a line an item. */
  readonly printed: string[] = [];
  /** What goes to stderr. */
  readonly said: string[] = [];
  readonly #folder = mkdtempSync(join(tmpdir(), 'postern-cli-'));
  readonly #commands: readonly AddCommand[];

  /** Until `end` the process itself prints nothing, and has no exit code but that of a command. */
  constructor(...commands: readonly AddCommand[]) {
    this.#commands = commands;
    process.exitCode = undefined;
    jest.spyOn(console, 'log').mockImplementation((line) => void this.printed.push(String(line)));
    jest
      .spyOn(process.stderr, 'write')
      .mockImplementation((text) => this.said.push(String(text)) > 0);
  }

  /** The path of a file of this run. */
  at(name: string): string {
    return join(this.#folder, name);
  }

  /** Writes a file of this run; returns its path. */
  put(name: string, content: string): string {
    writeFileSync(this.at(name), content);
    return this.at(name);
  }

  /** A new one each time: commander keeps what it has parsed. */
  program(): Command {
    const program = new Command('postern').exitOverride();
    for (const add of this.#commands) add(program);
    return program;
  }

  /** `postern <args>`. Rejects with what the command throws. */
  async run(...args: readonly string[]): Promise<void> {
    await this.program().parseAsync(['node', 'postern', ...args]);
  }

  end(): Promise<void> {
    jest.restoreAllMocks();
    process.exitCode = undefined;
    rmSync(this.#folder, { recursive: true });
    return Promise.resolve();
  }
}

/** Commands of an operator with `admin.read` and `admin.revoke`, at an admin API over memory. */
export class OperatorRun extends CommandRun {
  readonly api = new AdminApi();

  static async begin(...commands: readonly AddCommand[]): Promise<OperatorRun> {
    const begun = new OperatorRun(...commands);
    await begun.api.start();
    begun.put('operator', (await begun.api.operator('admin.read', 'admin.revoke')).plaintext);
    return begun;
  }

  /** The same at another server. */
  async askAt(admin: string, ...args: readonly string[]): Promise<void> {
    const where = ['--admin', admin, '--origin', TEST_ORIGIN];
    await this.run(...args, ...where, '--handle-file', this.at('operator'));
  }

  /** `postern <args>`, with the settings that say where the API is and who asks. */
  ask(...args: readonly string[]): Promise<void> {
    return this.askAt(`http://127.0.0.1:${this.api.host.address.port}`, ...args);
  }

  override async end(): Promise<void> {
    await super.end();
    await this.api.host.close(0);
  }
}
