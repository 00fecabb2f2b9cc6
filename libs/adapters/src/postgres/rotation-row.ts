import { type RotationState } from '#events';
import {
  isEnded,
  type ProbeResults,
  type Rotation,
  type RotationKind,
  type RotationOrigin,
  type RotationTrigger,
  type WrapIntake,
} from '#rotation';

/** A row of the table `rotation`, as far as it is the domain's. */
export interface RotationRow {
  readonly id: string;
  readonly mount: string;
  readonly path: string;
  readonly resource: string;
  readonly kind: RotationKind;
  readonly origin: RotationOrigin;
  readonly trigger: RotationTrigger;
  readonly state: RotationState;
  readonly previous_state: RotationState | null;
  readonly state_since: Date;
  readonly token: string;
  readonly occurrence: string | null;
  readonly from_version: number | null;
  readonly to_version: number | null;
  readonly attempt: number;
  readonly values_made: number;
  readonly waits: number;
  readonly due_at: Date;
  readonly deadline_at: Date;
  readonly probe: ProbeResults | null;
  readonly error_class: string | null;
  readonly initiator_id: string | null;
  readonly reason: string | null;
  readonly wrap_sealed: string | null;
  readonly wrap_fingerprint: string | null;
  readonly wrap_created_at: Date | null;
  readonly wrap_ttl_seconds: number | null;
  readonly unwrap_started_at: Date | null;
  readonly approvals_needed: number;
  readonly approved_by: readonly string[];
  readonly correlation_id: string;
  readonly requested_at: Date;
  readonly ended_at: Date | null;
}

/** What a rotation is from its request on. */
const ORIGIN_COLUMNS = `id, mount, path, resource, kind, origin, trigger, token, occurrence, initiator_id, correlation_id,
  requested_at`;

/** How far it has come. */
export const PROGRESS_COLUMNS = `state, previous_state, state_since, from_version, to_version, attempt, values_made, waits, due_at,
  deadline_at, probe, error_class, reason, wrap_sealed, wrap_fingerprint, wrap_created_at, wrap_ttl_seconds,
  unwrap_started_at, approvals_needed, approved_by, ended_at`;

export const ROTATION_COLUMNS = `${ORIGIN_COLUMNS}, ${PROGRESS_COLUMNS}`;

/** The sealed wrapping token of one that has ended is of no use, and not kept. */
export const rotationRow = ({ ref, wrap, ...rotation }: Rotation): RotationRow => ({
  id: rotation.id,
  mount: ref.mount,
  path: ref.path,
  resource: rotation.resource,
  kind: rotation.kind,
  origin: rotation.origin,
  trigger: rotation.trigger,
  state: rotation.state,
  previous_state: absent(rotation.previousState),
  state_since: rotation.stateSince,
  token: rotation.token,
  occurrence: absent(rotation.occurrence),
  from_version: absent(rotation.fromVersion),
  to_version: absent(rotation.toVersion),
  attempt: rotation.attempt,
  values_made: rotation.values,
  waits: rotation.waits,
  due_at: rotation.dueAt,
  deadline_at: rotation.deadlineAt,
  probe: absent(rotation.probe),
  error_class: absent(rotation.errorClass),
  initiator_id: absent(rotation.initiatorId),
  reason: absent(rotation.reason),
  ...wrapColumns(wrap, isEnded(rotation.state)),
  approvals_needed: rotation.approvalsNeeded,
  approved_by: rotation.approvedBy,
  correlation_id: rotation.correlationId,
  requested_at: rotation.requestedAt,
  ended_at: absent(rotation.endedAt),
});

/** What is absent in the domain is null in a row. */
const absent = <T>(value: T | undefined): T | null => value ?? null;

const NO_WRAP = {
  wrap_sealed: null,
  wrap_fingerprint: null,
  wrap_created_at: null,
  wrap_ttl_seconds: null,
  unwrap_started_at: null,
};

function wrapColumns(
  wrap: WrapIntake | undefined,
  hasEnded: boolean,
): Pick<RotationRow, keyof typeof NO_WRAP> {
  if (wrap === undefined) return NO_WRAP;
  const { sealedToken, fingerprint, told, unwrapStartedAt } = wrap;
  return {
    wrap_sealed: hasEnded ? null : absent(sealedToken),
    wrap_fingerprint: fingerprint,
    wrap_created_at: absent(told?.createdAt),
    wrap_ttl_seconds: absent(told?.ttlSeconds),
    unwrap_started_at: absent(unwrapStartedAt),
  };
}

export const rotationFrom = (row: RotationRow): Rotation => ({
  id: row.id,
  ref: { mount: row.mount, path: row.path },
  resource: row.resource,
  kind: row.kind,
  origin: row.origin,
  trigger: row.trigger,
  token: row.token,
  occurrence: known(row.occurrence),
  initiatorId: known(row.initiator_id),
  correlationId: row.correlation_id,
  requestedAt: row.requested_at,
  wrap: wrapFrom(row),
  ...progressFrom(row),
});

/** What is null in a row is absent in the domain. */
const known = <T>(value: T | null): T | undefined => value ?? undefined;

type Progress = Omit<
  Rotation,
  | 'id'
  | 'ref'
  | 'resource'
  | 'kind'
  | 'origin'
  | 'trigger'
  | 'token'
  | 'occurrence'
  | 'initiatorId'
  | 'correlationId'
  | 'requestedAt'
  | 'wrap'
>;

const progressFrom = (row: RotationRow): Progress => ({
  state: row.state,
  previousState: known(row.previous_state),
  stateSince: row.state_since,
  fromVersion: known(row.from_version),
  toVersion: known(row.to_version),
  attempt: row.attempt,
  values: row.values_made,
  waits: row.waits,
  dueAt: row.due_at,
  deadlineAt: row.deadline_at,
  probe: known(row.probe),
  errorClass: known(row.error_class),
  reason: known(row.reason),
  approvalsNeeded: row.approvals_needed,
  approvedBy: row.approved_by,
  endedAt: known(row.ended_at),
});

// Check constraints tie the columns together.
function wrapFrom(row: RotationRow): WrapIntake | undefined {
  if (row.wrap_fingerprint === null) return undefined;
  return {
    sealedToken: known(row.wrap_sealed),
    fingerprint: row.wrap_fingerprint,
    told:
      row.wrap_created_at === null || row.wrap_ttl_seconds === null
        ? undefined
        : { createdAt: row.wrap_created_at, ttlSeconds: row.wrap_ttl_seconds },
    unwrapStartedAt: known(row.unwrap_started_at),
  };
}
