import { accessSync, constants, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { Secret } from '#kernel';
import { ConfigError, type ConfigProblem } from './config-error.js';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Reads variables one by one and collects what is wrong with them. Says the name, never the value. */
export class EnvironmentReader {
  readonly #problems: ConfigProblem[] = [];

  constructor(private readonly environment: Environment) {}

  isSet(name: string): boolean {
    return this.environment[name] !== undefined;
  }

  /** Undefined when it is not set. Set to nothing is a mistake, not an absence. */
  text(name: string): string | undefined {
    const value = this.environment[name];
    if (value === undefined) return undefined;
    if (value.trim() === '') this.problem(name, 'is set and empty: give it a value, or unset it');
    else if (/\p{Cc}/u.test(value)) this.problem(name, 'holds a line end or a control character');
    else return value;
    return undefined;
  }

  /** `needed`: what needs it, for the message. */
  required(name: string, needed: string): string {
    const value = this.text(name);
    if (!this.isSet(name)) this.problem(name, `is not set, and ${needed} needs it`);
    return value ?? '';
  }

  secret(name: string, needed: string): Secret {
    return Secret.of(this.required(name, needed));
  }

  oneOf<Choice extends string>(name: string, choices: readonly Choice[]): Choice | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    const choice = choices.find((one) => one === value);
    if (choice === undefined) this.problem(name, `expected one of ${choices.join(', ')}`);
    return choice;
  }

  url(name: string, protocols: readonly string[]): string | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    if (URL.canParse(value) && protocols.includes(new URL(value).protocol)) return value;
    const beginnings = protocols.map((protocol) => `${protocol}//`).join(' or ');
    this.problem(name, `expected a URL that begins with ${beginnings}`);
    return undefined;
  }

  /** A file that can be read, by its absolute path. */
  file(name: string): string | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    const fault = faultOf(value);
    if (fault !== undefined) this.problem(name, `the file ${value} cannot be read (${fault})`);
    return resolve(value);
  }

  /** Settings that mean nothing without another one: whoever sets them believes that it is set. */
  refuseWithout(name: string, companions: readonly string[]): void {
    for (const companion of companions.filter((one) => this.isSet(one))) {
      this.problem(companion, `is set, but ${name} is not: set that, or unset this`);
    }
  }

  problem(name: string, what: string): void {
    this.#problems.push({ where: name, path: '', what });
  }

  /** @throws ConfigError when there was a problem */
  finish(): void {
    if (this.#problems.length > 0) throw new ConfigError(this.#problems);
  }
}

function faultOf(file: string): string | undefined {
  try {
    accessSync(file, constants.R_OK);
    return statSync(file).isFile() ? undefined : 'not a file';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unreadable';
  }
}
