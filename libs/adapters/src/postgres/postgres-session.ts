import type pg from 'pg';
import { connectionOver, type PostgresSession } from './postgres-connection.js';
import { failureOf } from './postgres-failure.js';
import { type PostgresLocation } from './postgres-location.js';

/** Connects the client and hands it out as a session. @throws DependencyUnavailable */
export async function sessionOver(
  client: pg.Client,
  location: PostgresLocation,
): Promise<PostgresSession> {
  let isOpen = true;
  const lost = (): void => {
    isOpen = false;
  };
  // Without a listener an error on an idle connection would end the process.
  client.on('error', lost);
  client.on('end', lost);
  try {
    await client.connect();
  } catch (error) {
    throw failureOf(error, location);
  }
  const connection = connectionOver(client, location);
  return {
    query: (text, values, options) => connection.query(text, values, options),
    get isOpen() {
      return isOpen;
    },
    close: async () => {
      isOpen = false;
      await client.end();
    },
  };
}
