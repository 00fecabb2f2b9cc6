import { EventFactory, type PosternEvent } from '#events';
import { type HandleStatus } from '#handles';
import { type CallLedger, type CallStart, type FirstUse } from '#injection';
import { randomId } from '#kernel';
import { FixedClock } from './fixed-clock.js';

/** What the ledger must know of a handle before it counts its calls. */
export interface LedgerHandle {
  readonly maxCalls: number;
  readonly status: HandleStatus;
  readonly expiresAt: Date;
}

/** A ledger, with the ways round it that the contract needs. */
export interface CallLedgerUnderTest {
  readonly ledger: CallLedger;
  /** A second ledger on the same storage, as in another process; the same one where there can be no other. */
  readonly twin: CallLedger;
  /** Stores a handle without calls and resolves to its id. */
  insertHandle(handle: LedgerHandle): Promise<string>;
  callsUsed(handleId: string): Promise<number>;
  /** Outcomes of the durable `call.completed` events of a handle, in order. */
  outcomes(handleId: string): Promise<readonly string[]>;
  /** Ids of the durable `handle.first_used` events of a handle, in order. */
  firstUses(handleId: string): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** When calls of the contract start. */
export const CALLED_AT = new Date('2026-11-20T12:00:00Z');
/** When the handles of the contract expire. */
export const HANDLES_EXPIRE_AT = new Date('2026-11-20T12:05:00Z');
const events = new EventFactory({
  clock: new FixedClock(CALLED_AT),
  environment: 'test',
  deployment: 'contract',
  component: 'proxy',
});

export const aCallStart = (handleId: string, overrides: Partial<CallStart> = {}): CallStart => ({
  callId: randomId('call'),
  handleId,
  resource: 'ledger',
  routeTemplate: '/accounts/{id}',
  method: 'GET',
  startedAt: CALLED_AT,
  correlationId: randomId('req'),
  ...overrides,
});

/** The event of the first call with a handle. */
export const aFirstUse = (handleId: string): FirstUse =>
  events.create('dev.postern.handle.first_used.v1', {
    subject: `handle/${handleId}`,
    partitionKey: handleId,
    correlationId: randomId('req'),
    data: { handle_id: handleId, family_id: 'fam_1', issued_at: 1_795_175_998, delay_ms: 2_000 },
  });

export const aCallCompleted = (
  call: CallStart,
  outcome: 'ok' | 'client_abort' | 'unknown_after_crash' = 'ok',
): PosternEvent<'dev.postern.call.completed.v1'> =>
  events.create('dev.postern.call.completed.v1', {
    subject: `call/${call.callId}`,
    partitionKey: call.handleId,
    correlationId: call.correlationId,
    data: {
      call_id: call.callId,
      handle_id: call.handleId,
      resource: call.resource,
      route_template: call.routeTemplate,
      method: call.method,
      bytes_in: 0,
      bytes_out: 0,
      duration_ms: 1,
      scrubbed: 0,
      outcome,
    },
  });
