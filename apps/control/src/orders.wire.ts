import { z } from 'zod';
import { revocationScopes } from '#events';
import { type HandleSelector, type StandingSuspension, type SuspensionFilter } from '#handles';
import { pageLimit, parse, printable, text } from './admin.wire.js';

/** An `iss`, which `scope: issuer` names, is longer than an id of ours. */
const ID_CHARACTERS_MAX = 2048;

export const orderRequest = z
  .strictObject({
    scope: z.enum(revocationScopes),
    id: printable(ID_CHARACTERS_MAX),
    issuer: printable(ID_CHARACTERS_MAX).optional().describe('with key: the `iss` of its issuer'),
    subject_id: text.optional().describe('with task: whose task it is'),
    reason: text,
  })
  .refine(({ scope, issuer }) => (scope === 'key') === (issuer !== undefined), {
    path: ['issuer'],
    error: 'expected with key, and with nothing else',
  })
  .refine(({ scope, subject_id: subject }) => (scope === 'task') === (subject !== undefined), {
    path: ['subject_id'],
    error: 'expected with task, and with nothing else',
  });

export const suspensionQuery = z.strictObject({
  after: printable(ID_CHARACTERS_MAX).optional(),
  limit: pageLimit,
});

export interface OrderRequest {
  readonly selector: HandleSelector;
  readonly reason: string;
}

/** @throws BadAdminRequest */
export function parseOrder(body: unknown): OrderRequest {
  const request = parse(orderRequest, body, 'the body');
  return { selector: selectorOf(request), reason: request.reason };
}

function selectorOf({
  scope,
  id,
  issuer,
  subject_id,
}: z.output<typeof orderRequest>): HandleSelector {
  if (scope === 'key') return { scope, id, issuer: issuer ?? '' };
  if (scope === 'task') return { scope, id, subjectId: subject_id ?? '' };
  return { scope, id };
}

/** @throws BadAdminRequest */
export function parseSuspensionFilter(query: unknown): SuspensionFilter {
  const { limit, after } = parse(suspensionQuery, query, 'the query');
  return { limit, ...(after === undefined ? {} : { after }) };
}

export const suspensionResource = ({
  selector,
  issuers,
  reason,
  initiator,
  initiatorId,
  since,
  target,
}: StandingSuspension): Readonly<Record<string, unknown>> => ({
  target,
  scope: selector.scope,
  id: selector.id,
  issuer: selector.scope === 'key' ? selector.issuer : null,
  subject_id: selector.scope === 'task' ? selector.subjectId : null,
  within: issuers,
  reason,
  initiator,
  initiator_id: initiatorId ?? null,
  since: since.toISOString(),
});

/** One page; `next` is what `after` has to be for the following one, null when there is none. */
export function suspensionPage(
  standing: readonly StandingSuspension[],
  { limit }: SuspensionFilter,
): unknown {
  const next = standing.length < limit ? null : (standing.at(-1)?.target ?? null);
  return { suspensions: standing.map(suspensionResource), next };
}
