import { z } from 'zod';
import {
  change,
  type ChangeFile,
  type ChangerEntry,
  type ChangeTerms,
  changerEntry,
} from './config-change.js';
import { needsCurrent, status } from './config-change-http.js';
import { password, type PasswordEntry, passwordEntry } from './config-password.js';
import { schedule, type ScheduleEntry, scheduleEntry } from './config-schedule.js';
import { choice, duration, secretRef, text } from './config-values.js';
import { verification, type VerificationEntry, verificationEntry } from './config-verify.js';

const CHECKS_MAX = 20;
const REFUSALS_MAX = 10;
const APPROVALS_MAX = 5;
const FAILURES_MAX = 100;
const MS = 1000;

const field = text.describe('name of a field of the secret');

const REWRAPPED = /^(?:cubbyhole(?:\/|$)|sys\/wrapping(?:\/|$))/;
const creationPath = text
  .refine(
    (path) => path.split('/').every((segment) => !['', '.', '..'].includes(segment)),
    'expected a path such as secret/data/intake/ledger, without slashes at its ends and dot segments',
  )
  .refine(
    (path) => !/[*+?#%]/.test(path),
    'expected a path such as secret/data/intake/ledger, as Vault tells it: it is compared character by character, without wildcards and nothing encoded',
  )
  .refine(
    (path) => !REWRAPPED.test(path),
    'expected the path of the secret that is wrapped, such as secret/data/intake/ledger: what is wrapped from here may have been opened and wrapped again by anybody',
  );

/** As wrapping tokens of OpenBao end, and `vault namespace lookup` tells. Never a path: that may be given to another. */
const namespaceId = z
  .string()
  .regex(
    /^(?!root$)[A-Za-z0-9]{1,32}$/,
    'expected the id of a namespace such as XgtkxK, as vault namespace lookup prints it; absent: the root namespace',
  );

const wrapped = z.strictObject({
  creationPath: creationPath.describe('where wrapping tokens must come from, exactly'),
  namespace: namespaceId
    .optional()
    .describe('id of the namespace of Vault in which creationPath is; absent: the root namespace'),
  maxTtl: duration({ max: '1h' }).prefault('15m').describe('longest life of a wrapping token'),
  maxAge: duration({ max: '1h' })
    .prefault('15m')
    .describe('how old a wrapping token may be when it is taken in'),
});

const refusals = z
  .array(status(300))
  .min(1, 'expected at least one status, such as 401')
  .max(REFUSALS_MAX)
  .default([401])
  .describe('statuses by which the legacy system refuses the credential');

/** How the credential of a resource is rotated: `resources[].rotation`. */
export const rotation = z
  .strictObject({
    slots: choice(['single', 'dual'])
      .optional()
      .describe(
        'how many passwords, or accounts, are valid at once at the legacy system; with change',
      ),
    change: change.optional().describe('absent: administrators change the value themselves'),
    fields: z
      .strictObject({ username: field.optional(), password: field })
      .prefault({ username: 'username', password: 'password' }),
    password: password.prefault({}),
    verify: z
      .array(verification)
      .min(1, 'expected at least one call, such as GET /accounts/health')
      .max(CHECKS_MAX)
      .describe('calls that are made with a new value before others get it; the first is a login'),
    refusals,
    schedule: schedule.optional().describe('when a new value is made without being asked for'),
    wrapped: wrapped.optional().describe('absent: no wrapping tokens are taken'),
    reconcile: z
      .strictObject({ ref: secretRef })
      .optional()
      .describe('the account that sets a new password when none works any more'),
    breakGlass: z
      .strictObject({ approvals: z.int().min(0).max(APPROVALS_MAX).default(1) })
      .prefault({})
      .describe(
        'approvals of others before a rotation outside of the window, or after a compromise',
      ),
    deadline: duration({ min: '10s', max: '24h' }).prefault('30m').describe('until it is given up'),
    observe: duration({ min: '0s', max: '1h' })
      .prefault('1m')
      .describe('with slots: dual: how long refusals of the new version take it back'),
    drain: duration({ max: '24h' })
      .prefault('15m')
      .describe('until calls that still use the old version are cut'),
    keep: duration({ min: '0s', max: '90d' })
      .prefault('24h')
      .describe('until the old version is destroyed in the store'),
    lockout: z
      .strictObject({
        failures: z.int().min(1).max(FAILURES_MAX).default(2),
        per: duration({ max: '24h' }).prefault('15m'),
      })
      .prefault({})
      .describe('how many logins may fail: fewer than lock the account'),
  })
  .check(({ value, issues }) => {
    for (const { path, message } of contradictions(value)) {
      issues.push({ code: 'custom', input: undefined, path: [...path], message });
    }
  });

export type RotationFile = z.output<typeof rotation>;

interface Contradiction {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** What one setting says of another. */
function contradictions(value: RotationFile): readonly Contradiction[] {
  const { change: changed, refusals: refused, verify } = value;
  return [
    ...(changed === undefined ? withoutChange(value) : withChange(value, changed)),
    ...verify.flatMap((check, index) =>
      (typeof check === 'string' ? [] : check.expect).some((one) => refused.includes(one))
        ? [
            {
              path: ['verify', index, 'expect'],
              message: 'expected no status that is one of refusals',
            },
          ]
        : [],
    ),
  ];
}

function withoutChange({ slots, schedule: times, reconcile }: RotationFile): Contradiction[] {
  const alone = Object.entries({ slots, schedule: times, reconcile });
  return alone.flatMap(([name, written]) =>
    written === undefined
      ? []
      : [
          {
            path: [name],
            message: 'expected change beside it: without it Postern changes nothing',
          },
        ],
  );
}

const ACCOUNTS_SWITCHED: readonly ChangeFile['as'][] = ['postgres', 'mariadb'];

function withChange(written: RotationFile, changed: ChangeFile): Contradiction[] {
  const { slots, fields } = written;
  const found: Contradiction[] = [...withReconcile(written, changed)];
  if (slots === undefined) {
    found.push({
      path: ['slots'],
      message: 'expected single, or dual where two passwords or accounts are valid at once',
    });
  }
  if (slots === 'dual') found.push(...withDual(changed));
  else if ('alternate' in changed && changed.alternate !== undefined) {
    found.push({ path: ['change', 'alternate'], message: 'expected slots: dual beside it' });
  }
  if (changed.as !== 'http' && fields.username === undefined) {
    found.push({
      path: ['fields', 'username'],
      message: `expected the name of the field with the account, which ${changed.as} changes`,
    });
  }
  return found;
}

/** Who sets a new password because none works cannot give the current one. */
function withReconcile({ reconcile }: RotationFile, changed: ChangeFile): Contradiction[] {
  if (changed.as !== 'http') return [];
  const { request, reconcileRequest } = changed;
  if (reconcile === undefined) {
    const message = 'expected reconcile beside change: it is what that account asks';
    return reconcileRequest === undefined
      ? []
      : [{ path: ['change', 'reconcileRequest'], message }];
  }
  if (!needsCurrent(reconcileRequest ?? request)) return [];
  const message =
    'expected a request without {{current.password}}: reconcile asks when nobody knows it';
  return [{ path: ['change', 'reconcileRequest'], message }];
}

function withDual(changed: ChangeFile): Contradiction[] {
  if (changed.as === 'http') {
    return [{ path: ['slots'], message: 'expected single: a change by http leaves one password' }];
  }
  if (!ACCOUNTS_SWITCHED.includes(changed.as)) return [];
  const needed = {
    alternate: 'expected two accounts, such as [svc_a, svc_b], of which one is always valid',
    by: 'expected the account that changes both, such as { ref: { mount: secret, path: postern/rotator-ledger-admin } }',
  };
  return Object.entries(needed).flatMap(([name, message]) =>
    (changed as Readonly<Record<string, unknown>>)[name] === undefined
      ? [{ path: ['change', name], message }]
      : [],
  );
}

/** How the credential of a resource is rotated. */
export interface RotationEntry {
  readonly kind: 'single_slot' | 'dual_slot' | 'external';
  readonly change: ChangerEntry | undefined;
  /** Names of fields of the secret. */
  readonly fields: { readonly username: string | undefined; readonly password: string };
  readonly password: PasswordEntry;
  /** At least one; the first is a login. */
  readonly verify: readonly VerificationEntry[];
  readonly refusals: readonly number[];
  readonly schedule: ScheduleEntry | undefined;
  readonly wrapped:
    | {
        readonly creationPath: string;
        readonly namespace?: string;
        readonly ttlSecondsMax: number;
        readonly ageSecondsMax: number;
      }
    | undefined;
  readonly breakGlassApprovals: number;
  readonly deadlineMs: number;
  readonly observeMs: number;
  readonly drainMs: number;
  readonly keepMs: number;
  readonly allowance: { readonly failuresMax: number; readonly perSeconds: number };
}

/** @param folder What paths are relative to. */
export function rotationEntry(written: RotationFile, folder: string): RotationEntry {
  const { change: changed, fields, refusals: refused, wrapped: intake, lockout } = written;
  return {
    kind: kindOf(written),
    change: changed === undefined ? undefined : changerEntry(changed, termsOf(written), folder),
    fields: fieldsOf(fields),
    password: passwordEntry(written.password),
    verify: written.verify.map(verificationEntry),
    refusals: refused,
    schedule: written.schedule === undefined ? undefined : scheduleEntry(written.schedule),
    wrapped:
      intake === undefined
        ? undefined
        : {
            creationPath: intake.creationPath,
            ...(intake.namespace === undefined ? {} : { namespace: intake.namespace }),
            ttlSecondsMax: intake.maxTtl,
            ageSecondsMax: intake.maxAge,
          },
    breakGlassApprovals: written.breakGlass.approvals,
    ...timesOf(written),
    allowance: { failuresMax: lockout.failures, perSeconds: lockout.per },
  };
}

const termsOf = ({ slots = 'single', fields, reconcile }: RotationFile): ChangeTerms => ({
  slots,
  fields: fieldsOf(fields),
  reconcile,
});

const fieldsOf = ({ username, password: changed }: RotationFile['fields']) => ({
  username,
  password: changed,
});

const timesOf = ({ deadline, observe, drain, keep }: RotationFile) => ({
  deadlineMs: deadline * MS,
  observeMs: observe * MS,
  drainMs: drain * MS,
  keepMs: keep * MS,
});

function kindOf({ change: changed, slots }: RotationFile): RotationEntry['kind'] {
  if (changed === undefined) return 'external';
  return slots === 'dual' ? 'dual_slot' : 'single_slot';
}
