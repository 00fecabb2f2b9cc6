import { compileOperation } from './compile-operation.js';
import { type Operation } from './operation.js';
import { operationsOverlap } from './operations-overlap.js';

/** Names of what holds, changes or makes an account's secret, in the spellings that APIs have for them. */
const NAMES =
  /pass(?:word|wd|phrase|code)|(?:^|[^a-z])pwd|credential|secret|(?:api|access|private|ssh|gpg)[-_.]?keys?(?:$|[^a-z])|(?:^|[^a-z])(?:access[-_.]?)?tokens?$|(?:^|[^a-z])(?:otp|totp|mfa|2fa)(?:$|[^a-z])/i;
/** `changePassword` and `userApiKeys` are as good as `change-password`. */
const HUMP = /(?<=[a-z])(?=[A-Z])/g;
/** An account as a record: its password is one of the fields that can be written. */
const ACCOUNT = /^(?:users?|me|self|profile)$/i;
const WRITING: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);

/** Where passwords are changed in many APIs: what a template with parameters may cover without naming it. */
const USUAL_PLACES = [...WRITING].flatMap((method) =>
  ['/password', '/change-password', '/account/password', '/auth/password', '/session/password'].map(
    (path) => compileOperation(`${method} ${path}`),
  ),
);

/**
 * Why an operation looks as if calls that it covers could change, make or tell the credential that is put on them: hiding a
 * secret does not keep its bearer from asking for another one. Undefined when it does not. A guess by names, for a person.
 */
export function credentialRisk(operation: Operation): string | undefined {
  const { method, segments } = operation;
  const literals = segments.flatMap((segment) =>
    segment.kind === 'literal' ? [segment.text] : [],
  );
  const named = literals.find((text) => NAMES.test(text.replace(HUMP, '-')));
  if (named !== undefined) return `"${named}" looks like a secret of the account`;
  const isRest = segments.at(-1)?.kind === 'rest';
  if (isRest && (segments.length === 1 || WRITING.has(method))) {
    return 'it covers every path below, also one where the password is changed';
  }
  if (!WRITING.has(method)) return undefined;
  const account = literals.find((text) => ACCOUNT.test(text));
  if (account !== undefined)
    return `"${account}" looks like the account, whose password is part of it`;
  const usual = USUAL_PLACES.find((place) => operationsOverlap(place, operation));
  return usual === undefined ? undefined : `it covers ${usual.method} ${usual.template}`;
}
