import { z } from 'zod';
import { type Handle, type HandleFilter, type HandleSelector } from '#handles';
import { PosternError } from '#kernel';

/** The request does not fit; the message names the member. */
export class BadAdminRequest extends PosternError {
  override readonly code = 'bad-request';
}

const text = z.string().min(1).max(256);

const revokeRequest = z.strictObject({
  scope: z.enum(['handle', 'family', 'subject', 'issuer', 'grant', 'resource']),
  id: text,
  reason: text,
});

const listQuery = z.strictObject({
  resource: text.optional(),
  subjectId: text.optional(),
  familyId: text.optional(),
  status: z.enum(['active', 'suspended', 'revoked']).optional(),
  after: text.optional(),
  limit: z
    .string()
    .regex(/^[1-9][0-9]{0,2}$/)
    .transform(Number)
    .refine((limit) => limit <= 500)
    .default(100),
});

export interface RevokeRequest {
  readonly selector: HandleSelector;
  readonly reason: string;
}

/** @throws BadAdminRequest */
export function parseRevokeRequest(body: unknown): RevokeRequest {
  const { scope, id, reason } = parse(revokeRequest, body);
  return { selector: { scope, id }, reason };
}

/** @throws BadAdminRequest */
export function parseHandleFilter(query: unknown): HandleFilter {
  const parsed = parse(listQuery, query);
  const present = Object.entries(parsed).filter(([, value]) => value !== undefined);
  return Object.fromEntries(present) as unknown as HandleFilter;
}

function parse<Output>(schema: z.ZodType<Output>, value: unknown): Output {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new BadAdminRequest(`${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'does not fit'}`);
}

/** A handle for operators: everything but its digest. */
export const handleResource = (handle: Handle): Readonly<Record<string, unknown>> => ({
  id: handle.id,
  family_id: handle.familyId,
  subject: handle.subject,
  grant: handle.grant,
  pattern: handle.pattern,
  resource: handle.resource,
  environment: handle.environment,
  scopes: handle.scopes,
  binding: handle.binding,
  issued_at: handle.issuedAt,
  expires_at: handle.expiresAt,
  max_calls: handle.maxCalls,
  calls_used: handle.callsUsed,
  status: handle.status,
  correlation_id: handle.correlationId,
});
