import { type Binding, type Handle } from '#handles';
import { type Digest } from '#kernel';
import { type HandleEntity } from './handle.entity.js';

/** Selects a handle in the shape of HandleEntity. */
export const HANDLE_COLUMNS = `id, digest, family_id as "familyId", subject_issuer as "subjectIssuer", subject,
  subject_id as "subjectId", subject_token_key_id as "subjectTokenKeyId", grant_id as "grantId",
  grant_version as "grantVersion", grant_digest as "grantDigest", grant_set_digest as "grantSetDigest", pattern, resource, environment, scopes,
  parent_id as "parentId", chain_depth as "chainDepth", actors, intent_method as "intentMethod",
  intent_path as "intentPath", task, binding_kind as "bindingKind", binding_value as "bindingValue", issued_at as "issuedAt",
  expires_at as "expiresAt", max_calls as "maxCalls", calls_used as "callsUsed", status,
  correlation_id as "correlationId", address_mark as "addressMark", first_use_told as "firstUseTold"`;

export const handleFrom = (row: HandleEntity): Handle => ({
  id: row.id,
  digest: row.digest.toString('hex') as Digest,
  familyId: row.familyId,
  parentId: row.parentId ?? undefined,
  chainDepth: row.chainDepth,
  actors: row.actors,
  subject: { issuer: row.subjectIssuer, subject: row.subject, id: row.subjectId },
  subjectTokenKeyId: row.subjectTokenKeyId ?? undefined,
  grant: {
    id: row.grantId,
    version: row.grantVersion,
    digest: row.grantDigest,
    setDigest: row.grantSetDigest,
  },
  pattern: row.pattern,
  resource: row.resource,
  environment: row.environment,
  scopes: row.scopes,
  binding: bindingFrom(row),
  intent: intentFrom(row),
  task: row.task ?? undefined,
  issuedAt: row.issuedAt,
  expiresAt: row.expiresAt,
  maxCalls: row.maxCalls,
  callsUsed: row.callsUsed,
  status: row.status,
  correlationId: row.correlationId,
  addressMark: (row.addressMark?.toString('hex') as Digest | undefined) ?? undefined,
  firstUseTold: row.firstUseTold,
});

function intentFrom({ intentMethod: method, intentPath: path }: HandleEntity): Handle['intent'] {
  return method === null || path === null ? undefined : { method, path };
}

function bindingFrom({ bindingKind, bindingValue }: HandleEntity): Binding {
  // A check constraint ties the two columns together.
  const value = bindingValue ?? '';
  switch (bindingKind) {
    case 'none':
      return { kind: 'none' };
    case 'dpop':
      return { kind: 'dpop', jkt: value };
    case 'mtls':
      return { kind: 'mtls', x5tS256: value };
  }
}

export function bindingValueOf(binding: Binding): string | null {
  switch (binding.kind) {
    case 'none':
      return null;
    case 'dpop':
      return binding.jkt;
    case 'mtls':
      return binding.x5tS256;
  }
}
