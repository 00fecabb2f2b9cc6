import { z } from 'zod';
import { type RecordedEvent, rotationStates } from '#events';
import { Secret } from '#kernel';
import { isSealed } from '#oauth';
import { type Rotation, type RotationFilter } from '#rotation';
import { pageLimit, parse, text } from './admin.wire.js';
import { type AskedRotation, type HandedOver, type RotatedCredential } from './rotations.js';

const WRAPPING_TOKEN_CHARACTERS_MAX = 2048;
const TTL_SECONDS_MAX = 86_400;

/** What an operator may ask for; schedules and versions that appear ask by themselves. */
const ORIGINS = ['generated', 'wrapped'] as const;
const TRIGGERS = ['admin', 'compromise'] as const;

export const rotationRequest = z
  .strictObject({
    resource: text.describe('id of the resource whose credential is rotated'),
    origin: z
      .enum(ORIGINS)
      .optional()
      .describe('where the value comes from; absent: wrapped with a token, else generated'),
    trigger: z
      .enum(TRIGGERS)
      .default('admin')
      .describe('compromise: at once, the old value is destroyed, and others must approve it'),
    reason: text,
    wrapping_token: z
      .string()
      .min(1)
      .max(WRAPPING_TOKEN_CHARACTERS_MAX)
      .optional()
      .describe('as Vault gave it; better encrypted, as wrapped_token'),
    wrapped_token: z
      .string()
      .refine(isSealed, 'expected a compact JWE to the intake key')
      .optional()
      .describe('the wrapping token as compact JWE to the intake key'),
    told: z
      .strictObject({
        created_at: z.iso.datetime({ offset: true }),
        ttl_seconds: z.int().min(1).max(TTL_SECONDS_MAX),
      })
      .optional()
      .describe('what Vault said when it wrapped; Vault is asked in any case'),
  })
  .check(({ value, issues }) => {
    const refuse = (name: string, message: string): void =>
      void issues.push({ code: 'custom', input: undefined, path: [name], message });
    const tokens = [value.wrapping_token, value.wrapped_token].filter((one) => one !== undefined);
    if (tokens.length > 1) refuse('wrapped_token', 'expected without wrapping_token beside it');
    if (value.origin === 'wrapped' && tokens.length === 0) {
      refuse('wrapped_token', 'expected with the origin wrapped');
    }
    if (value.origin === 'generated' && tokens.length > 0) {
      refuse('origin', 'expected wrapped, since a wrapping token is handed over');
    }
    if (value.told !== undefined && tokens.length === 0) {
      refuse('told', 'expected with a wrapping token');
    }
  });

export const rotationQuery = z.strictObject({
  resource: text.optional(),
  state: z.enum(rotationStates).optional(),
  before: text.optional(),
  limit: pageLimit,
});

export const interventionRequest = z.strictObject({ reason: text.optional() });
export const abandonRequest = z.strictObject({ reason: text });

/** @throws BadAdminRequest, which names members and no value */
export function parseRotationRequest(body: unknown): AskedRotation {
  const { resource, origin, trigger, reason, ...rest } = parse(rotationRequest, body, 'the body');
  const wrap = handedOver(rest);
  const implied = wrap === undefined ? 'generated' : 'wrapped';
  return { resource, origin: origin ?? implied, trigger, reason, wrap };
}

type Handed = Pick<z.output<typeof rotationRequest>, 'told' | 'wrapped_token' | 'wrapping_token'>;

function handedOver({
  wrapping_token: plain,
  wrapped_token: sealedToken,
  told: said,
}: Handed): HandedOver | undefined {
  const told =
    said === undefined
      ? undefined
      : { createdAt: new Date(said.created_at), ttlSeconds: said.ttl_seconds };
  if (sealedToken !== undefined) return { sealedToken, told };
  return plain === undefined ? undefined : { wrappingToken: Secret.of(plain), told };
}

/** @throws BadAdminRequest */
export function parseRotationFilter(query: unknown): RotationFilter {
  const { limit, state, resource, before } = parse(rotationQuery, query, 'the query');
  return {
    limit,
    ...(resource === undefined ? {} : { resource }),
    ...(before === undefined ? {} : { before }),
    ...(state === undefined ? {} : { states: [state] }),
  };
}

/** A body may be absent. @throws BadAdminRequest */
export const parseIntervention = (body: unknown): string | undefined =>
  parse(interventionRequest, body ?? {}, 'the body').reason;

/** @throws BadAdminRequest */
export const parseAbandonment = (body: unknown): string =>
  parse(abandonRequest, body, 'the body').reason;

/** A rotation for operators: all but what marks its writes and the encrypted token. */
export const rotationResource = (rotation: Rotation): Readonly<Record<string, unknown>> => ({
  id: rotation.id,
  resource: rotation.resource,
  kind: rotation.kind,
  origin: rotation.origin,
  trigger: rotation.trigger,
  state: rotation.state,
  previous_state: orNull(rotation.previousState),
  from_version: orNull(rotation.fromVersion),
  to_version: orNull(rotation.toVersion),
  attempt: rotation.attempt,
  waits: rotation.waits,
  probe: orNull(rotation.probe),
  error_class: orNull(rotation.errorClass),
  wrap_fingerprint: orNull(rotation.wrap?.fingerprint),
  initiator_id: orNull(rotation.initiatorId),
  reason: orNull(rotation.reason),
  approvals_needed: rotation.approvalsNeeded,
  approved_by: rotation.approvedBy,
  requested_at: rotation.requestedAt.toISOString(),
  state_since: rotation.stateSince.toISOString(),
  due_at: rotation.dueAt.toISOString(),
  deadline_at: rotation.deadlineAt.toISOString(),
  ended_at: orNull(rotation.endedAt?.toISOString()),
  correlation_id: rotation.correlationId,
});

/** One page; `next` is what `before` has to be for the following one, null when there is none. */
export function rotationPage(rotations: readonly Rotation[], { limit }: RotationFilter): unknown {
  const next = rotations.length < limit ? null : (rotations.at(-1)?.id ?? null);
  return { rotations: rotations.map(rotationResource), next };
}

export const rotationHistory = (rotation: Rotation, events: readonly RecordedEvent[]): unknown => ({
  ...rotationResource(rotation),
  events,
});

/** How a credential stands; versions and never a value. */
export const credentialResource = ({
  terms,
  credential,
}: RotatedCredential): Readonly<Record<string, unknown>> => ({
  resource: terms.resource,
  ref: { mount: terms.ref.mount, path: terms.ref.path },
  kind: terms.kind,
  state: credential?.state ?? 'not_in_hand',
  gate: orNull(credential?.gate),
  current_version: orNull(credential?.currentVersion),
  fallback_version: orNull(credential?.fallbackVersion),
  retired_version: orNull(credential?.retiredVersion),
  epoch: orNull(credential?.epoch),
  schedule: orNull(terms.schedule && timesOf(terms.schedule)),
});

const timesOf = ({ cron, timezone }: NonNullable<RotatedCredential['terms']['schedule']>) => ({
  cron,
  timezone,
});

const orNull = <Value>(value: Value | undefined): Value | null => value ?? null;
