import { type KeyObject } from 'node:crypto';

/** The keys that a reporter signs with, by the identifier that it gives them. Public keys of P-256 and no other. */
export abstract class LeakReportKeys {
  /** Undefined: it has no such key. @throws DependencyUnavailable when that cannot be known */
  abstract find(identifier: string): Promise<KeyObject | undefined>;
}

/** Who may report that handles lie in public. */
export interface LeakReporter {
  readonly id: string;
  readonly keys: LeakReportKeys;
  /** From this instant on it is not believed. */
  readonly reviewBy: Date;
}
