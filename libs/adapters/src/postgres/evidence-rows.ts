import { agentFamily, isCountedKey, type Zones } from '#detection';
import { isOfType, type RecordedEvent, type RotationState, rotationStates } from '#events';
import { instantOf } from './evidence-instant.js';
import { networkOf } from './network-of.js';

/** A row of evidence: column names of its table, and what JSON can hold. Columns that are absent are null. */
export type EvidenceRow = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** Events as the evidence tables have them. */
export interface EvidenceRows {
  readonly exchanges: EvidenceRow[];
  readonly uses: EvidenceRow[];
  readonly changes: EvidenceRow[];
  readonly rotations: EvidenceRow[];
  /** What a deployment says that it has: a row for each item. */
  readonly listed: EvidenceRow[];
}

const TEXT_CHARACTERS_MAX = 512;

/** What rules look at of these events; of the others nothing, unless each event of their partition key is counted. */
export function evidenceRows(events: readonly RecordedEvent[], zones: Zones): EvidenceRows {
  const rows: EvidenceRows = { exchanges: [], uses: [], changes: [], rotations: [], listed: [] };
  for (const event of events) keep(event, zones, rows);
  return rows;
}

function keep(event: RecordedEvent, zones: Zones, rows: EvidenceRows): void {
  const row = exchangeRow(event, zones);
  if (row !== undefined) {
    rows.exchanges.push(row);
    return;
  }
  const use = useRow(event, zones);
  if (use !== undefined) {
    rows.uses.push(use);
    return;
  }
  const rotation = rotationRow(event);
  if (rotation !== undefined) {
    rows.rotations.push(rotation);
    return;
  }
  rows.listed.push(...listedRows(event));
  const change = changeRow(event);
  if (change !== undefined) rows.changes.push(change);
}

function exchangeRow(event: RecordedEvent, zones: Zones): EvidenceRow | undefined {
  if (isOfType(event, 'dev.postern.exchange.permitted.v1')) {
    const { data } = event;
    return {
      ...placed(event),
      ...from(data.actor.client, zones),
      outcome: 'permitted',
      subject_id: text(data.actor.subject_id),
      issuer: text(data.actor.subject_issuer),
      subject_kind: data.actor.subject_kind,
      token_fp: text(data.subject_token_fp),
      family_id: text(data.family_id),
      handle_id: text(data.handle_id),
      exchange_id: text(data.exchange_id),
      parent_handle_id: text(data.parent_handle_id),
      token_issued_at: instantOf(data.subject_token_iat),
      handle_expires_at: instantOf(data.handle_exp),
      resource: text(data.granted_resource),
      grant_id: text(data.grant_id),
      binding: data.binding,
      occurrences: 1,
    };
  }
  if (!isOfType(event, 'dev.postern.exchange.denied.v1')) return undefined;
  const { data } = event;
  return {
    ...placed(event),
    ...from(data.actor.client, zones),
    outcome: 'denied',
    reason: data.reason,
    subject_id: text(data.actor.subject_id),
    issuer: text(data.actor.subject_issuer),
    subject_kind: data.actor.subject_kind,
    token_fp: text(data.subject_token_fp),
    exchange_id: text(data.exchange_id),
    prior_exchange_id: text(data.prior_exchange_id),
    prior_env: text(data.prior_env),
    parent_handle_id: text(data.parent_handle_id),
    resource: text(data.resource ?? data.audience),
    grant_id: text(data.grant_id),
    occurrences: counted(data.count),
  };
}

function useRow(event: RecordedEvent, zones: Zones): EvidenceRow | undefined {
  if (isOfType(event, 'dev.postern.call.completed.v1')) {
    const { data } = event;
    const { client } = data as { readonly client?: Client };
    return {
      ...placed(event),
      ...(client === undefined ? {} : from(client, zones)),
      outcome: 'permitted',
      reason: data.outcome,
      handle_id: text(data.handle_id),
      subject_id: text(data.subject_id),
      resource: text(data.resource),
      route: text(data.route_template),
      bytes_in: data.bytes_in,
      bytes_out: data.bytes_out,
      occurrences: 1,
    };
  }
  if (!isOfType(event, 'dev.postern.call.denied.v1')) return undefined;
  const { data } = event;
  return {
    ...placed(event),
    ...from(data.client, zones),
    outcome: 'denied',
    reason: data.reason,
    handle_id: text(data.handle_id),
    handle_fp: text(data.handle_fp),
    resource: text(data.resource),
    checksum_ok: data.checksum_ok,
    env_handle: text(data.env_handle),
    occurrences: counted(data.count),
  };
}

function rotationRow(event: RecordedEvent): EvidenceRow | undefined {
  if (!isRotationState(event)) return undefined;
  const { data } = event;
  return {
    ...placed(event),
    resource: text(data.resource),
    rotation_id: text(data.rotation_id),
    state: data.state,
    trigger: data.trigger,
    from_version: data.from_version,
    to_version: data.to_version,
    initiator_id: text(data.initiator_id),
  };
}

/** Grants and credentials of a deployment, each with when it was listed. */
function listedRows(event: RecordedEvent): readonly EvidenceRow[] {
  if (!isOfType(event, 'dev.postern.policy.listed.v1')) return [];
  const { event_id, at: listed_at, env, deployment } = placed(event);
  const row = (kind: string, id: string, limit_days?: number): EvidenceRow => ({
    ...{ event_id, listed_at, env, deployment, kind, limit_days },
    item_id: text(id),
  });
  const { grants, resources } = event.data;
  return [
    ...grants.map((grant) => row('grant', grant.grant_id, grant.unused_after_days)),
    ...resources.map((id) => row('credential', id)),
  ];
}

const ROTATION_STATES: ReadonlySet<string> = new Set(
  rotationStates.map((state) => `dev.postern.rotation.${state}.v1`),
);

const isRotationState = (
  event: RecordedEvent,
): event is RecordedEvent<`dev.postern.rotation.${RotationState}.v1`> =>
  ROTATION_STATES.has(event.type);

/** What happened to a handle; besides every other event of a key whose events are counted. */
function changeRow(event: RecordedEvent): EvidenceRow | undefined {
  const [, , family, what] = event.type.split('.');
  if (family === 'handle' && 'handle_id' in event.data && 'family_id' in event.data) {
    const data: Readonly<Record<string, unknown>> = event.data;
    const said = (name: string): string | undefined => {
      const value = data[name];
      return typeof value === 'string' ? text(value) : undefined;
    };
    return {
      ...placed(event),
      change: what,
      handle_id: said('handle_id'),
      family_id: said('family_id'),
      reason: said('reason'),
      initiator: said('initiator'),
    };
  }
  if (!isCountedKey(event.partitionkey)) return undefined;
  return { ...placed(event), change: 'other', handle_id: text(event.partitionkey) };
}

const placed = (event: RecordedEvent): EvidenceRow => ({
  event_id: event.id,
  at: event.time,
  recorded_at: event.recordedtime,
  env: event.env,
  deployment: event.source.split(':')[2] ?? '',
  partition_key: event.partitionkey,
  sequence: Number(event.sequence),
});

interface Client {
  readonly ip: string;
  readonly user_agent?: string | undefined;
}

/** An address that is in no zone stands for its network. */
const from = ({ ip, user_agent }: Client, zones: Zones): EvidenceRow => ({
  client_ip: text(ip),
  zone: text(zones.of(ip) ?? networkOf(ip)),
  zone_name: text(zones.of(ip)),
  agent: agentFamily(user_agent),
});

const text = (value: string | undefined): string | undefined =>
  value?.slice(0, TEXT_CHARACTERS_MAX);

const counted = (count: number | undefined): number =>
  Math.max(1, Math.min(count ?? 1, 2_147_483_647));
