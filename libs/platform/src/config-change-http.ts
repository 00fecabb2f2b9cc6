import { z } from 'zod';
import { type AccountEntry } from './config-account.js';
import { canonicalPath, choice, secretRef, text } from './config-values.js';

const FIELDS_MAX = 50;
const VALUE_CHARACTERS_MAX = 512;
const STATUSES_MAX = 20;
const KNOWN = /\{\{(?:username|current\.password|next\.password)\}\}/g;
const NEXT = '{{next.password}}';
const CURRENT = '{{current.password}}';

const template = z
  .string()
  .max(VALUE_CHARACTERS_MAX, `expected at most ${VALUE_CHARACTERS_MAX} characters`)
  .refine(
    (value) => !/\{\{|\}\}/.test(value.replace(KNOWN, '')),
    `expected text with {{username}}, ${CURRENT} or ${NEXT} in it, and no other braces`,
  );

const fields = z
  .record(text, template)
  .refine(
    (written) => Object.keys(written).length <= FIELDS_MAX,
    `expected at most ${FIELDS_MAX} fields`,
  )
  .refine(
    (written) => Object.values(written).some((value) => value.includes(NEXT)),
    `expected a field with the new value, such as new: "${NEXT}"`,
  );

/** Of HTTP. */
export const status = (min: number, max = 599): z.ZodInt => z.int().min(min).max(max);

const path = z
  .string()
  .refine(
    (value) => canonicalPath.safeParse(value.replaceAll('{{username}}', 'u')).success,
    'expected a path such as /accounts/{{username}}/password, without query, encoded characters, empty and dot segments',
  );

const request = z.strictObject({
  method: choice(['POST', 'PUT', 'PATCH']).default('POST'),
  path: path.describe('below the destination; {{username}} stands for the account'),
  type: choice(['form', 'json']),
  fields,
  expect: z
    .array(status(200, 299))
    .min(1, 'expected at least one status')
    .max(STATUSES_MAX)
    .default([200, 204])
    .describe('statuses that say that the password was changed'),
});

/** `change.as: http`: the call by which a password is changed. */
export const httpChange = z.strictObject({
  as: z.literal('http'),
  request,
  reconcileRequest: request
    .optional()
    .describe('what the account of reconcile asks; absent: the same as request'),
  by: z
    .strictObject({ ref: secretRef })
    .optional()
    .describe(
      'whose Basic credentials the call has; absent: it has the current value, as calls do',
    ),
});

/** Without knowing the current value nobody can ask for it to be changed. */
export const needsCurrent = ({ fields: written }: z.output<typeof request>): boolean =>
  Object.values(written).some((value) => value.includes(CURRENT));

interface ChangeRequestEntry {
  readonly method: 'POST' | 'PUT' | 'PATCH';
  /** Below the destination. */
  readonly path: string;
  readonly type: 'form' | 'json';
  readonly fields: Readonly<Record<string, string>>;
  readonly expect: readonly number[];
}

export interface HttpChangeEntry {
  readonly as: 'http';
  readonly slots: 'single';
  readonly request: ChangeRequestEntry;
  readonly reconcileRequest?: ChangeRequestEntry | undefined;
  readonly by?: AccountEntry | undefined;
}
