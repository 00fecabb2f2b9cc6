import { timingSafeEqual } from 'node:crypto';
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

  /** Whether both are the same bytes, in a time that tells of their lengths at most. */
  matches(other: Secret): boolean {
    const [one, another] = [Buffer.from(this.#plaintext), Buffer.from(other.#plaintext)];
    return one.length === another.length && timingSafeEqual(one, another);
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
