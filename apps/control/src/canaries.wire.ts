import { z } from 'zod';
import { type Canary, type CanaryFilter, canaryKinds } from '#handles';
import { pageLimit, parse, text } from './admin.wire.js';
import { type AskedCanary, type PlantedCanary } from './canaries.js';

export const canaryRequest = z.strictObject({
  kind: z
    .enum(canaryKinds)
    .describe('handle: looks like a handle of this environment; credential: like a password'),
  note: text.describe('where it is planted'),
});

export const canaryQuery = z.strictObject({ after: text.optional(), limit: pageLimit });

/** @throws BadAdminRequest */
export const parseCanary = (body: unknown): AskedCanary => parse(canaryRequest, body, 'the body');

/** @throws BadAdminRequest */
export const parseCanaryFilter = (query: unknown): CanaryFilter =>
  parse(canaryQuery, query, 'the query');

/** A canary for operators: everything but its digest. */
export const canaryResource = (canary: Canary): Readonly<Record<string, unknown>> => ({
  id: canary.id,
  kind: canary.kind,
  note: canary.note,
  created_by: canary.createdBy,
  created_at: canary.createdAt.toISOString(),
  ended_at: canary.endedAt?.toISOString() ?? null,
});

/** The only answer that has what is planted. */
export const plantedResource = ({ canary, plaintext }: PlantedCanary): unknown => ({
  ...canaryResource(canary),
  plaintext,
});

/** One page; `next` is what `after` has to be for the following one, null when there is none. */
export function canaryPage(canaries: readonly Canary[], { limit }: CanaryFilter): unknown {
  const next = canaries.length < limit ? null : (canaries.at(-1)?.id ?? null);
  return { canaries: canaries.map(canaryResource), next };
}
