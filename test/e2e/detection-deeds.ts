import { randomUUID } from 'node:crypto';
import { PostgresEventJournal } from '#adapters/postgres';
import { type EventDataOf, EventFactory } from '#events';
import { SystemClock } from '#kernel';
import { type DetectingDeployment } from '../support/detecting-deployment.js';

type Denied = EventDataOf<'dev.postern.call.denied.v1'>;

/** What a proxy of the deployment writes about a call that it denied. */
export async function deniedCall(
  { name, database }: DetectingDeployment,
  told: Pick<Denied, 'reason' | 'handle_id' | 'canary_id'>,
): Promise<void> {
  const place = { environment: 'prod', deployment: name, component: 'proxy' } as const;
  const events = new EventFactory({ clock: new SystemClock(), ...place });
  const partitionKey = told.handle_id ?? 'peer:127.0.0.1';
  const event = events.create('dev.postern.call.denied.v1', {
    ...{ subject: `handle/${partitionKey}`, partitionKey, correlationId: 'req_test' },
    data: {
      ...told,
      ...{ checksum_ok: true, detail: 'as a proxy tells it', resource: 'ledger' },
      ...{ env_listener: 'prod', env_handle: 'prod', method: 'GET' },
      client: { ip: '127.0.0.1' },
    },
  });
  await new PostgresEventJournal(database.database).append([event]);
}

/** An order as the sentinel writes it, so that it is there at a known instant. */
export async function orderedBy(
  { database }: DetectingDeployment,
  detectionId: string,
  response: { readonly rule: string; readonly action: string; readonly target: string },
): Promise<void> {
  const { rule, action, target } = response;
  await database.database.query(
    `insert into public.response_order (id, detection_id, rule, action, target, ordered_at)
     values ($1, $2, $3, $4, $5, clock_timestamp())`,
    [`rsp_${randomUUID().replaceAll('-', '')}`, detectionId, rule, action, target],
  );
}
