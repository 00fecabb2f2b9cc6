import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';

const PASSWORD_CHARACTERS_MIN = 12;

/** The one password of the example ledger. With a file it outlives a restart. */
export class LedgerPassword {
  private constructor(
    private value: string,
    private readonly file: string | undefined,
  ) {}

  /** What the file says counts more than `initial`: the password may have been changed since. */
  static open(initial: string | undefined, file: string | undefined): LedgerPassword | undefined {
    const stored = file !== undefined && existsSync(file) ? readFileSync(file, 'utf8') : undefined;
    const value = stored ?? initial;
    return value === undefined ? undefined : new LedgerPassword(value, file);
  }

  /** Whether these are the Basic credentials of the account. */
  isIn(authorization: string | undefined, username: string): boolean {
    const pair = Buffer.from(`${username}:${this.value}`).toString('base64');
    return authorization === `Basic ${pair}`;
  }

  /** From now on only `next` is taken. False, and nothing is changed, when `old` is not the password or `next` is too short. */
  change(old: unknown, next: unknown): boolean {
    if (old !== this.value || typeof next !== 'string') return false;
    if (next.length < PASSWORD_CHARACTERS_MIN) return false;
    if (this.file !== undefined) {
      // Beside it and then in its place: whenever we are ended, the file holds one whole password.
      writeFileSync(`${this.file}.next`, next, { mode: 0o600, flush: true });
      renameSync(`${this.file}.next`, this.file);
    }
    this.value = next;
    return true;
  }
}
