import {
  afterClosing,
  type Candidate,
  closedEvent,
  type Detection,
  type DetectionFilter,
  DetectionStore,
  isSame,
  type RaisedSum,
  RESPONSE_BUDGET_SECONDS,
  type SpentOrders,
} from '#detection';
import {
  DETECTION_COLUMNS,
  detectionFrom,
  detectionRow,
  type DetectionRow,
  GROWING_COLUMNS,
} from './detection-row.js';
import { eventFailure, eventsParameter, jsonParameter } from './json-parameter.js';
import { orderRow, type OrderRow } from './order-row.js';
import { type PostgresConnection } from './postgres-connection.js';
import { type PostgresDatabase } from './postgres-database.js';
import { planRaise, type RaisePlan } from './raise-plan.js';

const LIST_LIMIT_MAX = 500;

// Whoever raises or closes does so alone: then a budget is exact, and what is known is known to all. Detections are rare.
const TAKE_TURN = 'select pg_advisory_xact_lock(1886352244, 700)';

const KNOWN = `
  select ${DETECTION_COLUMNS.replaceAll(/\b(\w+)\b/g, 'detection.$1')}
  from jsonb_to_recordset($1::jsonb) as named(rule text, entity_type text, entity_id text, start_at timestamptz)
  join public.detection on detection.rule = named.rule and detection.entity_type = named.entity_type
    and detection.entity_id = named.entity_id and detection.start_at = named.start_at`;

const SPENT = `
  select response_order.rule, detection.subject_id, count(*)::integer as orders
  from public.response_order join public.detection on detection.id = response_order.detection_id
  where response_order.rule = any($1) and response_order.ordered_at > $2::timestamptz - make_interval(secs => $3)
    and response_order.result is distinct from 'nothing_to_do'
  group by response_order.rule, detection.subject_id`;

const RAISE = `
  insert into public.detection (${DETECTION_COLUMNS})
  select ${DETECTION_COLUMNS} from jsonb_populate_recordset(null::public.detection, $1::jsonb)`;

const GROW = `
  update public.detection set (${GROWING_COLUMNS}) = row(${GROWING_COLUMNS.replaceAll(/\b(\w+)\b/g, 'grown.$1')})
  from jsonb_populate_recordset(null::public.detection, $1::jsonb) as grown where detection.id = grown.id`;

const ORDER = `
  insert into public.response_order (id, detection_id, rule, action, target, seconds, ordered_at)
  select id, detection_id, rule, action, target, seconds, ordered_at
  from jsonb_to_recordset($1::jsonb) as ordered(place integer, id text, detection_id text, rule text, action text,
    target text, seconds integer, ordered_at timestamptz)
  order by place on conflict (detection_id, action, target) do nothing`;

const FIND = `select ${DETECTION_COLUMNS} from public.detection where id = $1`;

const LIST = `
  select ${DETECTION_COLUMNS} from public.detection
  where ($1::text is null or rule = $1)
    and ($2::text is null or (entity_type = $2 and entity_id = $3))
    and ($4::text is null or (closed_at is null) = ($4 = 'open'))
    and ($5::text[] is null or severity = any($5))
    and ($6::timestamptz is null or updated_at < $6)
    and ($7::text is null or exists (
      select from public.detection as last where last.id = $7
        and (detection.raised_at < last.raised_at
          or (detection.raised_at = last.raised_at and detection.id > last.id))))
  order by raised_at desc, id limit $8`;

const CLOSE = `
  update public.detection set closed_at = $2, resolution = $3, closed_by = $4, note = $5
  where id = $1 and closed_at is null returning ${DETECTION_COLUMNS}`;

/**
 * Detections in PostgreSQL. To raise needs the role postern_sentinel, to close postern_control; both read. Throws
 * EventTooLarge as well.
 */
export class PostgresDetectionStore extends DetectionStore {
  constructor(private readonly database: PostgresDatabase) {
    super();
  }

  override async raise(
    candidates: readonly Candidate[],
    by: Parameters<DetectionStore['raise']>[1],
  ): Promise<RaisedSum> {
    if (candidates.length === 0) return { raised: [], updated: [], ordered: 0, suppressed: 0 };
    const plan = await this.database
      .transaction(async (connection) => {
        await connection.query(TAKE_TURN);
        const known = await knownAs(connection, candidates);
        const ordered = await orderedOf(connection, known);
        const spent = await spentBy(connection, candidates, by.now);
        const made = planRaise(candidates, { ...by, known, ordered, spent });
        await write(connection, made);
        return made;
      })
      .catch(rethrowNamed);
    const { raised, updated, orders, suppressed } = plan;
    return { raised, updated, ordered: orders.length, suppressed };
  }

  override async find(id: string): Promise<Detection | undefined> {
    return first(await this.database.query<DetectionRow>(FIND, [id], { name: 'find-detection' }));
  }

  override async list(filter: DetectionFilter): Promise<readonly Detection[]> {
    const rows = await this.database.query<DetectionRow>(LIST, [
      filter.rule ?? null,
      filter.entity?.type ?? null,
      filter.entity?.id ?? null,
      filter.status ?? null,
      filter.severity ?? null,
      filter.changedBefore ?? null,
      filter.after ?? null,
      Math.max(1, Math.min(filter.limit, LIST_LIMIT_MAX)),
    ]);
    return rows.map(detectionFrom);
  }

  override async close(
    id: string,
    by: Parameters<DetectionStore['close']>[1],
  ): Promise<Detection | undefined> {
    const { now, resolution, operatorId, note, events } = by;
    return this.database
      .transaction(async (connection) => {
        await connection.query(TAKE_TURN);
        const values = [id, now, resolution, storable(operatorId), storable(note)];
        const closed = first(await connection.query<DetectionRow>(CLOSE, values));
        if (closed === undefined) return first(await connection.query<DetectionRow>(FIND, [id]));
        if (closed.closed === undefined) return closed;
        const event = closedEvent({ ...closed, closed: closed.closed }, events);
        await connection.query('select public.append_events($1::jsonb)', [
          eventsParameter([event]),
        ]);
        return closed;
      })
      .catch(rethrowNamed);
  }
}

const first = ([row]: readonly DetectionRow[]): Detection | undefined =>
  row === undefined ? undefined : detectionFrom(row);

/** A text cannot hold U+0000. */
const storable = (text: string | undefined): string | null =>
  text?.replaceAll('\0', '\ufffd') ?? null;

async function knownAs(
  connection: PostgresConnection,
  candidates: readonly Candidate[],
): Promise<readonly Detection[]> {
  const named = candidates.map(({ rule, entity, startAt }) => ({
    rule,
    entity_type: entity.type,
    entity_id: entity.id,
    start_at: startAt,
  }));
  const rows = await connection.query<DetectionRow>(KNOWN, [jsonParameter(named)]);
  const known = [...new Map(rows.map((row) => [row.id, detectionFrom(row)])).values()];
  const later = candidates.flatMap((candidate) =>
    known
      .filter((one) => isSame(one, candidate))
      .flatMap((one) => afterClosing(one, candidate) ?? []),
  );
  return later.length === 0 ? known : [...known, ...(await knownAs(connection, later))];
}

async function orderedOf(
  connection: PostgresConnection,
  known: readonly Detection[],
): Promise<Parameters<typeof planRaise>[1]['ordered']> {
  if (known.length === 0) return [];
  const rows = await connection.query<Pick<OrderRow, 'detection_id' | 'action' | 'target'>>(
    'select detection_id, action, target from public.response_order where detection_id = any($1)',
    [known.map(({ id }) => id)],
  );
  return rows.map(({ detection_id: detectionId, action, target }) => ({
    detectionId,
    response: { action, target, seconds: undefined },
  }));
}

async function spentBy(
  connection: PostgresConnection,
  candidates: readonly Candidate[],
  now: Date,
): Promise<readonly SpentOrders[]> {
  const rules = [...new Set(candidates.map(({ rule }) => rule))];
  interface Row extends Pick<SpentOrders, 'rule' | 'orders'> {
    readonly subject_id: string | null;
  }
  const rows = await connection.query<Row>(SPENT, [rules, now, RESPONSE_BUDGET_SECONDS]);
  return rows.map(({ rule, orders, subject_id: id }) => ({
    rule,
    orders,
    subjectId: id ?? undefined,
  }));
}

async function write(connection: PostgresConnection, plan: RaisePlan): Promise<void> {
  const { raised, updated, orders, events } = plan;
  const rows = (detections: readonly Detection[]): string =>
    jsonParameter(detections.map(detectionRow));
  if (raised.length > 0) await connection.query(RAISE, [rows(raised)]);
  if (updated.length > 0) await connection.query(GROW, [rows(updated)]);
  if (orders.length > 0) await connection.query(ORDER, [jsonParameter(orders.map(orderRow))]);
  if (events.length > 0) {
    await connection.query('select public.append_events($1::jsonb)', [eventsParameter(events)]);
  }
}

function rethrowNamed(error: unknown): never {
  throw eventFailure(error);
}
