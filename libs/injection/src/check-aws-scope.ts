import { type AwsSigV4 } from './injection.js';

/** What stands in the scope of a signature, between separators. */
const SCOPE_NAME = /^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/;

/** What of a registration could be no part of the scope of an AWS signature. */
export function checkAwsScope(
  injection: AwsSigV4,
  report: (path: string, what: string) => void,
): void {
  for (const name of ['region', 'service'] as const) {
    if (SCOPE_NAME.test(injection[name])) continue;
    report(`inject.${name}`, 'expected 1 to 64 lower-case letters, digits and inner hyphens');
  }
}
