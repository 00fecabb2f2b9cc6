/** A challenge of an authentication scheme (RFC 9110 section 11.3). */
export interface AuthChallenge {
  /** In lower case. */
  readonly scheme: string;
  readonly parameters: AuthParameters;
}

/** Names in lower case to values, without quotes and escapes; one character stands for one byte. */
export type AuthParameters = ReadonlyMap<string, string>;

const TOKEN = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+";
const END = '(?=[\\t ]*(?:,|$))';
const SEPARATORS = /[\t ]*(?:,[\t ]*)*/y;
const PARAMETER = new RegExp(
  `(${TOKEN})[\\t ]*=[\\t ]*(?:(${TOKEN})|"((?:[\\t\\x20\\x21\\x23-\\x5b\\x5d-\\x7e\\x80-\\xff]|\\\\[\\t\\x20-\\x7e\\x80-\\xff])*)")${END}`,
  'y',
);
const SCHEME = new RegExp(`(${TOKEN})(?: +|${END})`, 'y');
const TOKEN68 = new RegExp(`[A-Za-z0-9\\-._~+/]+=*${END}`, 'y');

/**
 * The challenges of one WWW-Authenticate value; none when any part of it is not of the grammar, or names a parameter
 * twice: what two readers may read in two ways is read by nobody.
 */
export function authChallenges(value: string): readonly AuthChallenge[] {
  const reader = new Reader(value);
  const challenges: { scheme: string; parameters: Map<string, string> }[] = [];
  while (!reader.ended) {
    const current = challenges.at(-1);
    const parameter = current === undefined ? undefined : reader.parameter();
    if (parameter === undefined) {
      const scheme = reader.scheme();
      if (scheme === undefined) return [];
      challenges.push({ scheme, parameters: new Map() });
    } else if (!added(current?.parameters, parameter)) return [];
  }
  return challenges;
}

/** The parameters of one Authentication-Info value (RFC 9110 section 11.6.3); none when it is not of the grammar. */
export function authParameters(value: string): AuthParameters {
  const reader = new Reader(value);
  const parameters = new Map<string, string>();
  while (!reader.ended) {
    const parameter = reader.parameter();
    if (parameter === undefined || !added(parameters, parameter)) return new Map();
  }
  return parameters;
}

type Parameter = readonly [name: string, value: string];

function added(parameters: Map<string, string> | undefined, [name, value]: Parameter): boolean {
  if (parameters === undefined || parameters.has(name)) return false;
  parameters.set(name, value);
  return true;
}

class Reader {
  #at = 0;

  constructor(private readonly text: string) {}

  get ended(): boolean {
    this.#match(SEPARATORS);
    return this.#at === this.text.length;
  }

  parameter(): Parameter | undefined {
    const match = this.#match(PARAMETER);
    if (match === undefined) return undefined;
    const [, name = '', bare, quoted = ''] = match;
    return [name.toLowerCase(), bare ?? quoted.replace(/\\(.)/g, '$1')];
  }

  /** With its token68, of which nothing here makes use. */
  scheme(): string | undefined {
    const scheme = this.#match(SCHEME)?.[1]?.toLowerCase();
    if (scheme !== undefined) this.#match(TOKEN68);
    return scheme;
  }

  #match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.text) ?? undefined;
    if (match !== undefined) this.#at = pattern.lastIndex;
    return match;
  }
}
