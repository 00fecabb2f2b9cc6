import { z } from 'zod';
import { restrictedTarget, type Restriction, type RestrictionFilter } from '#handles';
import { pageLimit, parse, text } from './admin.wire.js';

const DEFAULT_REASON = 'lifted by an operator';

export const restrictionQuery = z.strictObject({ after: text.optional(), limit: pageLimit });

const liftQuery = z.strictObject({ reason: text.default(DEFAULT_REASON) });

/** @throws BadAdminRequest */
export const parseRestrictionFilter = (query: unknown): RestrictionFilter =>
  parse(restrictionQuery, query, 'the query');

/** Why one is lifted. @throws BadAdminRequest */
export const parseLifting = (query: unknown): string => parse(liftQuery, query, 'the query').reason;

/** A restriction for operators. */
export const restrictionResource = (
  restriction: Restriction,
): Readonly<Record<string, unknown>> => ({
  id: restriction.id,
  detection_id: restriction.detectionId,
  rule: restriction.rule,
  kind: restriction.kind,
  target: restrictedTarget(restriction),
  limit: 'limit' in restriction ? restriction.limit : null,
  resources: 'resources' in restriction ? restriction.resources : null,
  imposed_at: restriction.imposedAt.toISOString(),
  until: restriction.until.toISOString(),
  lifted_at: restriction.liftedAt?.toISOString() ?? null,
});

/** One page; `next` is what `after` has to be for the following one, null when there is none. */
export function restrictionPage(
  restrictions: readonly Restriction[],
  { limit }: RestrictionFilter,
): unknown {
  const next = restrictions.length < limit ? null : (restrictions.at(-1)?.id ?? null);
  return { restrictions: restrictions.map(restrictionResource), next };
}
