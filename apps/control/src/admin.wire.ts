import { z } from 'zod';
import { type Handle, type HandleFilter } from '#handles';
import { BadAdminRequest } from './admin-refusal.js';

const PAGE_DEFAULT = 100;
const PAGE_MAX = 500;
const TEXT_CHARACTERS_MAX = 256;

export const HANDLE_STATUSES = ['active', 'suspended', 'revoked'] as const;

export const printable = (charactersMax: number): z.ZodType<string, string> =>
  z
    .string()
    .min(1)
    .max(charactersMax)
    .refine((text) => !/[\p{Cc}\p{Cs}]/u.test(text), 'expected text without control characters');
export const text = printable(TEXT_CHARACTERS_MAX);

/** How many of a list come at once. */
export const pageLimit = z
  .string()
  .regex(/^[1-9][0-9]{0,2}$/, `expected 1 to ${PAGE_MAX}`)
  .transform(Number)
  .refine((limit) => limit <= PAGE_MAX, `expected 1 to ${PAGE_MAX}`)
  .default(PAGE_DEFAULT);

export const listQuery = z.strictObject({
  resource: text.optional(),
  subjectId: text.optional(),
  familyId: text.optional(),
  status: z.enum(HANDLE_STATUSES).optional(),
  after: text.optional(),
  limit: pageLimit,
});

/** @throws BadAdminRequest */
export function parseHandleFilter(query: unknown): HandleFilter {
  const { limit, ...criteria } = parse(listQuery, query, 'the query');
  const present = Object.entries(criteria).filter(([, value]) => value !== undefined);
  return { limit, ...Object.fromEntries(present) };
}

/** @throws BadAdminRequest */
export const parseCorrelationId = (value: unknown): string =>
  parse(text, value, 'the correlation id');

/** @throws BadAdminRequest that names each member; `whole` is said of the value itself. */
export function parse<Output>(schema: z.ZodType<Output>, value: unknown, whole: string): Output {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(
    ({ path, message }) => `${path.length === 0 ? whole : path.join('.')}: ${message}`,
  );
  throw new BadAdminRequest(problems.join('; '));
}

/** A handle for operators: everything but its digest. */
export const handleResource = (handle: Handle): Readonly<Record<string, unknown>> => ({
  id: handle.id,
  family_id: handle.familyId,
  parent_id: handle.parentId ?? null,
  subject: handle.subject,
  actors: handle.actors,
  subject_token_key_id: handle.subjectTokenKeyId ?? null,
  grant: {
    id: handle.grant.id,
    version: handle.grant.version,
    policy_digest: handle.grant.setDigest,
  },
  pattern: handle.pattern,
  resource: handle.resource,
  environment: handle.environment,
  scopes: handle.scopes,
  binding: handle.binding,
  call: handle.intent ?? null,
  task: handle.task ?? null,
  issued_at: handle.issuedAt.toISOString(),
  expires_at: handle.expiresAt.toISOString(),
  max_calls: handle.maxCalls,
  calls_used: handle.callsUsed,
  status: handle.status,
  correlation_id: handle.correlationId,
});

/** One page; `next` is what `after` has to be for the following one, null when there is none. */
export function handlePage(handles: readonly Handle[], { limit }: HandleFilter): unknown {
  const next = handles.length < limit ? null : (handles.at(-1)?.id ?? null);
  return { handles: handles.map(handleResource), next };
}
