import { posix } from 'node:path';
import { z } from 'zod';
import { type VaultAccess } from '#detection';

/** The longest line of an audit log that is read; one of a secret of many fields has some kilobytes. */
export const VAULT_AUDIT_LINE_BYTES_MAX = 1_048_576;

const HTTP_ERROR = 400;
const WRITES: ReadonlySet<string> = new Set(['create', 'update', 'patch']);

const YEARS = { first: 1970, last: 9998 } as const;

/** PostgreSQL does not have every year that JavaScript has, and windows reach beyond the instant: none may stop a line. */
const instant = z.iso
  .datetime({ offset: true })
  .transform((text) => new Date(text))
  .refine((at) => YEARS.first <= at.getUTCFullYear() && at.getUTCFullYear() <= YEARS.last);

/** A line of an audit device of Vault or OpenBao, as far as it is looked at. What else it has is not kept. */
const auditLine = z.object({
  time: instant,
  type: z.string().max(32),
  error: z.string().optional(),
  auth: z.object({ entity_id: z.string().max(128).optional() }).nullish(),
  request: z.object({
    id: z.guid(), // 16 random bytes: most are no UUID of any version.
    operation: z.string().max(32),
    path: z.string().optional(), // As long as the caller likes, up to that of the line.
    namespace: z.object({ path: z.string().max(1_024).optional() }).nullish(),
  }),
  response: z
    .object({
      wrap_info: z.object({}).nullish(),
      data: z.record(z.string(), z.unknown()).nullish(),
    })
    .nullish(),
});
type AuditLine = z.output<typeof auditLine>;

/** What there is to watch, and who may do it. */
export interface VaultAuditTerms {
  /** Ids of resources by where Vault keeps the secret: `<mount>/data/<path>`, as `storedPath` writes it. */
  readonly resources: ReadonlyMap<string, readonly string[]>;
  /** Entities of Postern's own logins, and of administrators. */
  readonly allowed: ReadonlySet<string>;
  /** Without slashes around it; empty: the root namespace. */
  readonly namespace: string;
}

/**
 * `unreadable`: no line of an audit device. `other`: of something that is not watched, or that gave nothing. `allowed`: by
 * somebody on the list.
 */
export type AuditVerdict =
  | { readonly kind: 'unreadable' | 'other' | 'allowed' }
  | { readonly kind: 'past'; readonly accesses: readonly VaultAccess[] };

/** What one line tells. Values, and what stands for them, are left behind here. */
export function judgeAuditLine(text: string | undefined, terms: VaultAuditTerms): AuditVerdict {
  const line = readLine(text);
  if (line === undefined) return { kind: 'unreadable' };
  const path = storedPath(line.request.path ?? '');
  const resources = namespaceOf(line) === terms.namespace ? terms.resources.get(path) : undefined;
  const operation = operationOf(line);
  if (resources === undefined || operation === undefined) return { kind: 'other' };
  const entityId = entityOf(line);
  if (entityId !== undefined && terms.allowed.has(entityId)) return { kind: 'allowed' };
  const { id: requestId } = line.request;
  const { time: at } = line;
  const accesses = resources.map((resource) => {
    return { requestId, at, operation, resource, path, entityId };
  });
  return { kind: 'past', accesses };
}

/**
 * Where a secret is kept, however its path is written: the key-value store takes `secret/data//x` for a new version of
 * `secret/data/x`, and the audit log has it as the caller wrote it.
 */
export const storedPath = (path: string): string => posix.normalize(path).replace(/^\/+|\/+$/g, '');

function readLine(text: string | undefined): AuditLine | undefined {
  if (text === undefined) return undefined;
  try {
    return auditLine.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** Undefined: it was refused, has no answer yet, or gave no value and wrote none. */
function operationOf({
  type,
  error,
  request,
  response,
}: AuditLine): VaultAccess['operation'] | undefined {
  if (type !== 'response' || (error ?? '') !== '' || wasRefused(response)) return undefined;
  if (WRITES.has(request.operation)) return 'write';
  return request.operation === 'read' && gaveValue(response) ? 'read' : undefined;
}

const wasRefused = (response: AuditLine['response']): boolean => {
  const status = response?.data?.['http_status_code'];
  return typeof status === 'number' && status >= HTTP_ERROR;
};

/** Nobody for a token that belongs to none. */
const entityOf = ({ auth }: AuditLine): string | undefined =>
  auth?.entity_id === '' ? undefined : auth?.entity_id;

/** A secret that is not there has an answer without data. One that is wrapped has its token in the place of it. */
const gaveValue = (response: AuditLine['response']): boolean => {
  const value = response?.data?.['data'];
  const isWrapped = response?.wrap_info !== undefined && response.wrap_info !== null;
  return isWrapped || (typeof value === 'object' && value !== null);
};

const namespaceOf = ({ request }: AuditLine): string =>
  (request.namespace?.path ?? '').replace(/^\/+|\/+$/g, '');
