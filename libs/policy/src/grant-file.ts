import { secondsAfter } from '#kernel';
import { z } from 'zod';
import { isScopeToken, SCOPE_TOKEN } from './scope-token.js';

const DAY_SECONDS = 86_400;
const UNIT_SECONDS = { s: 1, m: 60, h: 3600 } as const;

const text = (charactersMax: number) =>
  z.string().trim().min(1, 'must not be empty').max(charactersMax);

/** Compared byte for byte later: nothing is trimmed here. */
const exactText = (charactersMax: number) => z.string().min(1).max(charactersMax);

const id = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, 'expected 1 to 63 of a-z, 0-9 and "-"');

const scope = z.string().regex(SCOPE_TOKEN, 'expected a scope name (RFC 6749 section 3.3)');

const scopes = z
  .array(scope)
  .min(1, 'expected at least one scope')
  .max(100)
  .refine((names) => new Set(names).size === names.length, 'a scope stands twice');

const midnight = (date: string): Date => new Date(`${date}T00:00:00.000Z`);

const isCalendarDate = (date: string): boolean => {
  const instant = midnight(date);
  return !Number.isNaN(instant.getTime()) && instant.toISOString().startsWith(date);
};

const date = z
  .string('expected a date, YYYY-MM-DD')
  .regex(/^\d{4}-\d{2}-\d{2}$/, 'expected a date, YYYY-MM-DD')
  .refine(isCalendarDate, 'there is no such day');

const durationSeconds = (written: string): number =>
  Number(written.slice(0, -1)) * UNIT_SECONDS[written.slice(-1) as keyof typeof UNIT_SECONDS];

const duration = z
  .string('expected a duration such as 30s, 5m or 1h')
  .regex(/^[1-9]\d{0,5}[smh]$/, 'expected a duration such as 30s, 5m or 1h')
  .transform(durationSeconds);

const operationText = z
  .string()
  .regex(/^[A-Z]+ \/\S*$/, 'expected a method and a path, such as GET /accounts/1');

const CLAIM_EXPECTED = { error: 'expected a string, a number or a boolean, or a list of them' };

const claimValue = z.union([z.string().max(1024), z.number(), z.boolean()], CLAIM_EXPECTED);

const claims = z.record(
  exactText(256),
  z
    .union([claimValue, z.array(claimValue).min(1).max(100)], CLAIM_EXPECTED)
    .transform((value) => (Array.isArray(value) ? value : [value])),
);

const subject = z.strictObject({
  issuer: exactText(63).describe('an issuer id of postern.yaml'),
  id: exactText(2048).optional().describe('the whole subject, byte for byte'),
  segments: z
    .array(z.string().max(255))
    .min(1)
    .max(64)
    .optional()
    .describe('the subject split at every "/"; "*" stands for exactly one segment'),
  claims: claims
    .optional()
    .describe('each claim is present and equal to one of the values, same JSON type'),
});

const scopeText = z
  .string()
  .refine((names) => names.split(' ').every(isScopeToken), 'expected scopes, one space between');

const testActor = z.strictObject({
  subject: exactText(2048).describe('the `sub` of the actor token'),
  issuer: exactText(63).optional().describe("an issuer id; the grant's when absent"),
  claims: z.record(exactText(256), claimValue).optional(),
});

const testParent = z.strictObject({
  scopes: z.array(scope).min(1).describe('of the handle that is presented'),
  depth: z.int().min(0).max(10).default(0).describe('0: it was exchanged for a token'),
});

const ownTest = z.strictObject({
  subject: exactText(2048).describe('the `sub` that asks'),
  issuer: exactText(63).optional().describe("an issuer id; the grant's when absent"),
  claims: z
    .record(exactText(256), claimValue)
    .optional()
    .describe('further claims of the subject token'),
  tokenScopes: z
    .array(scope)
    .optional()
    .describe('the scopes that the subject token carries; none when absent'),
  person: z.boolean().default(false).describe('the subject is a person'),
  actor: testActor.optional().describe('who presents an actor token'),
  mayAct: exactText(2048).optional().describe("the `sub` in the subject token's may_act"),
  handle: testParent.optional().describe('a handle is presented in the place of a token'),
  binding: z
    .enum(['none', 'dpop', 'mtls'])
    .optional()
    .describe('the proof at hand; the one that the grant wants when absent'),
  task: exactText(128).optional(),
  call: operationText.optional().describe('method and path of the one call that is asked for'),
  resource: id.optional().describe("the grant's when absent"),
  scope: scopeText.optional().describe('as on the wire; absent asks for defaultScopes'),
});

/** One grant file. */
export const grantFileSchema = z.strictObject({
  id,
  version: z.int('expected a whole number').min(1).max(1_000_000),
  purpose: text(500),
  owner: text(255),
  approvedBy: z.array(text(255)).max(20),
  pattern: z.enum(['downscoping', 'federation', 'delegation']),
  created: date.transform(midnight),
  reviewBy: date
    .transform((day) => secondsAfter(midnight(day), DAY_SECONDS))
    .describe('the last day on which the grant permits, UTC'),
  subject,
  actor: subject.nullable().default(null),
  resource: id,
  scopes: scopes.describe('the ceiling'),
  defaultScopes: scopes.optional().describe('when the request names none'),
  maxTtl: duration,
  maxCalls: z.int('expected a whole number').min(1).max(1_000_000_000).optional(),
  binding: z.enum(['none', 'dpop', 'mtls', 'any']),
  clientAuth: z
    .enum(['self', 'required'])
    .default('self')
    .describe('required: a subject token alone is not enough, its subject proves itself'),
  bindingJustification: text(500).optional().describe('needed when binding is none'),
  maxChainDepth: z.int('expected a whole number').min(0).max(10).default(0),
  when: z.string().optional().describe('a condition in CEL; see docs/grants-conditions.md'),
  tests: z
    .array(
      z.union([z.strictObject({ permit: ownTest }), z.strictObject({ deny: ownTest })], {
        error: 'expected "permit: {...}" or "deny: {...}"',
      }),
    )
    .max(200),
});

/**
 * A grant file as written, each field well-formed by itself: dates as instants (`reviewBy` is the first instant
 * after its day, UTC), durations in seconds. What it refers to has not been looked at.
 */
export type GrantFile = z.output<typeof grantFileSchema>;
export type GrantFileSubject = GrantFile['subject'];
export type GrantFileTest = GrantFile['tests'][number];

/** JSON Schema (2020-12) of a grant file, as published in `docs/grant.schema.json`. */
export const grantFileJsonSchema = (): Record<string, unknown> => ({
  ...z.toJSONSchema(grantFileSchema, { io: 'input' }),
  title: 'Postern grant file',
});
