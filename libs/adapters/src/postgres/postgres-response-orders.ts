import {
  executedEvent,
  placeOf,
  type ResponseOrder,
  ResponseOrders,
  type ResponseResult,
} from '#detection';
import { type EventFactory } from '#events';
import { detectionFrom, DETECTION_COLUMNS, type DetectionRow } from './detection-row.js';
import { eventFailure, eventsParameter } from './json-parameter.js';
import { ORDER_COLUMNS, orderFrom, type OrderRow } from './order-row.js';
import { type PostgresConnection } from './postgres-connection.js';
import { type PostgresDatabase } from './postgres-database.js';

const LIMIT_MAX = 500;

// Of those who ask at once each passes over what another one has just locked, and waits for nobody.
const CLAIM = `
  with due as materialized (
    select id from public.response_order
    where settled_at is null and (lease_until is null or lease_until <= clock_timestamp())
    order by ordered_at, seq limit $1 for no key update skip locked
  ), claimed as (
    update public.response_order
    set attempts = attempts + 1, lease_until = clock_timestamp() + make_interval(secs => $2::float8 / 1000)
    from due where response_order.id = due.id
    returning ${ORDER_COLUMNS.replace(/^id/, 'response_order.id')}
  )
  select * from claimed order by ordered_at, seq`;

const SETTLE = `
  update public.response_order set settled_at = clock_timestamp(), result = $2
  where id = $1 and settled_at is null returning detection_id`;

/** Of an order that nobody has now. */
const CANCEL = `
  update public.response_order set settled_at = clock_timestamp(), result = 'nothing_to_do'
  where id = $1 and settled_at is null and (lease_until is null or lease_until <= clock_timestamp())
  returning detection_id`;

/** Only of an order that was given to be taken back. */
const END = `
  update public.response_order set ended_at = clock_timestamp()
  where id = $1 and over_at is not null and ended_at is null`;

const EXPIRED = `
  with over as materialized (
    select id from public.response_order
    where result = 'done' and seconds is not null and ended_at is null
      and ordered_at + make_interval(secs => seconds) <= $1::timestamptz
    order by ordered_at, seq limit $2 for no key update skip locked
  ), given as (
    update public.response_order set over_at = coalesce(over_at, clock_timestamp())
    from over where response_order.id = over.id
    returning ${ORDER_COLUMNS.replace(/^id/, 'response_order.id')}
  )
  select * from given order by ordered_at, seq`;

/** Response orders in PostgreSQL, by the clock of the database. Needs the role postern_control. */
export class PostgresResponseOrders extends ResponseOrders {
  constructor(
    private readonly database: PostgresDatabase,
    private readonly events: EventFactory,
  ) {
    super();
  }

  override async claim(limit: number, leaseMs: number): Promise<readonly ResponseOrder[]> {
    const rows = await this.database.query<OrderRow>(CLAIM, [bounded(limit), leaseMs], {
      name: 'claim-orders',
    });
    return rows.map(orderFrom);
  }

  /** @throws DependencyUnavailable; EventTooLarge */
  override async settle(order: ResponseOrder, result: ResponseResult): Promise<void> {
    await this.database
      .transaction(async (connection) => {
        const [settled] = await connection.query(SETTLE, [order.id, result]);
        if (settled === undefined) {
          await connection.query(END, [order.id]);
          return;
        }
        await this.#tell(connection, order, result);
      })
      .catch((error: unknown) => {
        throw eventFailure(error);
      });
  }

  /** @throws DependencyUnavailable; EventTooLarge */
  override async cancel(order: ResponseOrder): Promise<boolean> {
    return this.database
      .transaction(async (connection) => {
        const [cancelled] = await connection.query(CANCEL, [order.id]);
        if (cancelled !== undefined) await this.#tell(connection, order, 'nothing_to_do');
        return cancelled !== undefined;
      })
      .catch((error: unknown) => {
        throw eventFailure(error);
      });
  }

  override async expired(now: Date, limit: number): Promise<readonly ResponseOrder[]> {
    const rows = await this.database.query<OrderRow>(EXPIRED, [now, bounded(limit)], {
      name: 'expired-orders',
    });
    return rows.map(orderFrom);
  }

  async #tell(
    connection: PostgresConnection,
    order: ResponseOrder,
    result: ResponseResult,
  ): Promise<void> {
    const [row] = await connection.query<DetectionRow>(
      `select ${DETECTION_COLUMNS} from public.detection where id = $1`,
      [order.detectionId],
    );
    if (row === undefined) return; // Rules it out: an order refers to its detection.
    const event = executedEvent(order, result, this.events, placeOf(detectionFrom(row)));
    await connection.query('select public.append_events($1::jsonb)', [eventsParameter([event])]);
  }
}

const bounded = (limit: number): number => Math.max(1, Math.min(limit, LIMIT_MAX));
