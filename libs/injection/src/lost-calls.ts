import { type EventFactory } from '#events';
import { type CallLedger } from './call-ledger.js';

/** Ends calls that a crash cut off before their end was recorded; resolves to how many. */
export const endLostCalls = (
  { ledger, events }: { readonly ledger: CallLedger; readonly events: EventFactory },
  startedBefore: Date,
): Promise<number> =>
  ledger.sweep(startedBefore, (call) =>
    events.create('dev.postern.call.completed.v1', {
      subject: `call/${call.callId}`,
      partitionKey: call.handleId,
      correlationId: call.correlationId,
      severity: 'WARN',
      data: {
        call_id: call.callId,
        handle_id: call.handleId,
        resource: call.resource,
        route_template: call.routeTemplate,
        method: call.method,
        bytes_in: 0,
        bytes_out: 0,
        duration_ms: 0,
        scrubbed: 0,
        outcome: 'unknown_after_crash',
      },
    }),
  );
