import { inspect } from 'node:util';

const REDACTED = '[redacted]';

/**
 * The bytes that a legacy system accepts. Prints as `[redacted]` wherever it is written to: template strings, JSON,
 * `util.inspect`, errors. Only injectors and secret stores call `reveal()` (a lint rule holds them to it).
 */
export class Secret {
  readonly #plaintext: string;

  private constructor(plaintext: string) {
    this.#plaintext = plaintext;
  }

  static of(plaintext: string): Secret {
    return new Secret(plaintext);
  }

  /** The plaintext. The caller owns it from here and must not keep it. */
  reveal(): string {
    return this.#plaintext;
  }

  toString(): string {
    return REDACTED;
  }

  toJSON(): string {
    return REDACTED;
  }

  [inspect.custom](): string {
    return REDACTED;
  }
}
