import { PosternError } from '#kernel';
import { type ClaimValue } from './workload-identity.js';

export interface JsonLimits {
  /** Objects and arrays inside each other; the outermost counts. */
  readonly depthMax: number;
  /** Members of any one object. */
  readonly membersMax: number;
}

/** Text is not JSON as we accept it. The message names the rule and where, never what stood there. */
export class JsonRefused extends PosternError {
  override readonly code = 'json-refused';
}

const WHITESPACE = /[ \t\n\r]*/y;
const STRING =
  // eslint-disable-next-line no-control-regex -- RFC 8259 section 7 names the control characters.
  /"[^"\\\u0000-\u001f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\u0000-\u001f]*)*"/y;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const WORD = /true|false|null/y;
const LONE_SURROGATE = /\p{Surrogate}/u;
const INTEGER_LITERAL = /^-?[0-9]+$/;
const WORDS: Readonly<Record<string, boolean | null>> = { true: true, false: false, null: null };

/**
 * RFC 8259 JSON, and stricter where two readers could see two things: UTF-8 without byte order mark, no member twice
 * (RFC 7515 section 4), no half of a surrogate pair, no number beyond what a double holds exactly. Objects have no
 * prototype, so a member named `__proto__` is a member and nothing else.
 * @throws JsonRefused
 */
export function parseStrictJson(bytes: Uint8Array, limits: JsonLimits): ClaimValue {
  return new StrictJsonReader(decodeUtf8(bytes), limits).read();
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    // "ignoreBOM" keeps the mark in the text, where the grammar refuses it.
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    throw new JsonRefused('the bytes are not UTF-8', { cause: error });
  }
}

class StrictJsonReader {
  #at = 0;

  constructor(
    private readonly text: string,
    private readonly limits: JsonLimits,
  ) {}

  read(): ClaimValue {
    const value = this.#value(1);
    this.#take(WHITESPACE);
    if (this.#at !== this.text.length) throw this.#refusal('there is text after the value');
    return value;
  }

  #value(depth: number): ClaimValue {
    this.#take(WHITESPACE);
    const first = this.text[this.#at];
    if (first === '{') return this.#object(depth);
    if (first === '[') return this.#array(depth);
    if (first === '"') return this.#string();
    const word = this.#take(WORD);
    return word === undefined ? this.#number() : (WORDS[word] ?? null);
  }

  #object(depth: number): Readonly<Record<string, ClaimValue>> {
    this.#open(depth);
    const object = Object.create(null) as Record<string, ClaimValue>;
    let members = 0;
    if (this.#accept('}')) return object;
    do {
      this.#take(WHITESPACE);
      const name = this.#string();
      if (name in object) throw this.#refusal('an object names a member twice');
      members += 1;
      if (members > this.limits.membersMax) throw this.#refusal('an object has too many members');
      this.#expect(':');
      object[name] = this.#value(depth + 1);
    } while (this.#accept(','));
    this.#expect('}');
    return object;
  }

  #array(depth: number): readonly ClaimValue[] {
    this.#open(depth);
    const items: ClaimValue[] = [];
    if (this.#accept(']')) return items;
    do items.push(this.#value(depth + 1));
    while (this.#accept(','));
    this.#expect(']');
    return items;
  }

  #string(): string {
    const literal = this.#take(STRING);
    if (literal === undefined) throw this.#refusal('a string is expected');
    const value = literal.includes('\\') ? (JSON.parse(literal) as string) : literal.slice(1, -1);
    // Two unequal halves become the same replacement character in UTF-8, and two subjects one.
    if (LONE_SURROGATE.test(value)) throw this.#refusal('a string holds half of a surrogate pair');
    return value;
  }

  #number(): number {
    const literal = this.#take(NUMBER);
    if (literal === undefined) throw this.#refusal('a value is expected');
    const value = Number(literal);
    if (!Number.isFinite(value)) throw this.#refusal('a number is too large');
    // Beyond 2^53 two different literals are one number, and would compare as equal.
    if (INTEGER_LITERAL.test(literal) && !Number.isSafeInteger(value)) {
      throw this.#refusal('an integer is too large to be exact');
    }
    return value;
  }

  #open(depth: number): void {
    if (depth > this.limits.depthMax) throw this.#refusal('values are nested too deep');
    this.#at += 1;
  }

  #accept(sign: string): boolean {
    this.#take(WHITESPACE);
    if (this.text[this.#at] !== sign) return false;
    this.#at += 1;
    return true;
  }

  #expect(sign: string): void {
    if (!this.#accept(sign)) throw this.#refusal(`"${sign}" is expected`);
  }

  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.text)?.[0];
    this.#at += match?.length ?? 0;
    return match;
  }

  #refusal(rule: string): JsonRefused {
    return new JsonRefused(`${rule} (at character ${this.#at})`);
  }
}
