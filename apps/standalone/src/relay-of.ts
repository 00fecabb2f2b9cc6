import { type DynamicModule } from '@nestjs/common';
import {
  PostgresCanaries,
  PostgresHandleExpiry,
  PostgresInbox,
  PostgresOutbox,
} from '#adapters/postgres';
import { EventFactory } from '#events';
import { type AppContext } from '#platform';
import { RelayModule } from '../../relay/src/relay.module.js';
import { type Servers } from './servers.js';

/** The relay of a standalone: from its outbox to its bus, whichever that is. */
export function relayOf(
  { clock, config, health, log, metrics }: AppContext,
  { bus, database, deadLetters }: Servers,
): DynamicModule {
  const { environment, deployment } = config;
  const outbox = new PostgresOutbox(database);
  const inbox = new PostgresInbox(database);
  const events = new EventFactory({ clock, environment, deployment, component: 'standalone' });
  const canaries = new PostgresCanaries({ database, events });
  const source = `urn:postern:${deployment}:standalone`;
  const expiry = new PostgresHandleExpiry({ database, source });
  return RelayModule.register({
    outbox,
    bus,
    clock,
    metrics,
    onProblem: (message) => log.warn(message),
    onAlarm: (message) => log.error(message),
    onStart: (relay) => health.add('relay', () => relay.trouble ?? relay.note),
    maintain: async () => {
      await outbox.maintain();
      await expiry.purge();
      await inbox.purge();
    },
    tellExpired: () => expiry.tell(),
    canaries: { deployment, environment, deadLetters, beat: () => canaries.beat() },
  });
}
