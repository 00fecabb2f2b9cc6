import { type DynamicModule } from '@nestjs/common';
import {
  type LeaseOptions,
  PostgresCanaries,
  type PostgresDatabase,
  PostgresHandleExpiry,
  PostgresInbox,
  PostgresOutbox,
} from '#adapters/postgres';
import { type DeadLetters, type EventBus, EventFactory } from '#events';
import { type AppContext } from '#platform';
import { RelayModule, type RelayModuleParts } from './relay.module.js';

export { openAudit, type OpenAudit } from './open-audit.js';

/** What a relay works between, and as whom. */
export interface PostgresRelayParts extends Pick<RelayModuleParts, 'audit' | 'faults' | 'onStart'> {
  readonly database: PostgresDatabase;
  readonly bus: EventBus;
  readonly deadLetters: DeadLetters;
  /** Named in the source of its events. */
  readonly component: 'relay' | 'standalone';
  readonly leases?: LeaseOptions;
}

/** A relay from the outbox in PostgreSQL to the bus, whichever that is, with all that it looks after beside. */
export function postgresRelay(
  { clock, config, log, metrics }: AppContext,
  { database, bus, deadLetters, component, leases, ...rest }: PostgresRelayParts,
): DynamicModule {
  const { environment, deployment } = config;
  const outbox = new PostgresOutbox(database, leases);
  const inbox = new PostgresInbox(database);
  const events = new EventFactory({ clock, environment, deployment, component });
  const canaries = new PostgresCanaries({ database, events });
  const source = `urn:postern:${deployment}:${component}`;
  const expiry = new PostgresHandleExpiry({ database, source });
  return RelayModule.register({
    ...rest,
    outbox,
    bus,
    clock,
    metrics,
    onProblem: (message) => log.warn(message),
    onAlarm: (message) => log.error(message),
    maintain: async () => {
      await outbox.maintain();
      await expiry.purge();
      await inbox.purge();
    },
    tellExpired: () => expiry.tell(),
    canaries: { deployment, environment, deadLetters, beat: () => canaries.beat() },
  });
}
