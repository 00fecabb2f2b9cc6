import { type ClientBase, type QueryConfig } from 'pg';
import { failureOf } from './postgres-failure.js';
import { type PostgresLocation } from './postgres-location.js';

export interface StatementOptions {
  /** Prepares the statement under this name, once a session: one name, one text. */
  readonly name?: string;
  /** An answer that comes later is worth nothing: the statement fails, and its session ends. Default 12 s. */
  readonly answerMs?: number;
}

/** Runs statements, one after the other, in one session. */
export interface PostgresConnection {
  /**
   * The rows. `bigint` and `numeric` come as text, `timestamptz` as Date (cut to milliseconds), `jsonb` parsed.
   * @throws DependencyUnavailable when the server cannot be asked; pg's DatabaseError when the statement is wrong.
   */
  query<Row extends object>(
    text: string,
    values?: readonly unknown[],
    options?: StatementOptions,
  ): Promise<Row[]>;
}

/** A session of its own: it keeps its advisory locks until it ends. */
export interface PostgresSession extends PostgresConnection {
  /** False from the moment at which the connection is known to be lost or closed. */
  readonly isOpen: boolean;
  close(): Promise<void>;
}

export interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
  readonly name: string | undefined;
  readonly answerMs?: number | undefined;
}

/** The one place where a statement is handed to pg. */
export async function runStatement<Row extends object>(
  client: ClientBase,
  statement: Statement,
): Promise<Row[]> {
  const { text, values, name, answerMs } = statement;
  const config: QueryConfig & { query_timeout?: number } = { text, values: [...values] };
  if (name !== undefined) config.name = name;
  if (answerMs !== undefined) config.query_timeout = answerMs;
  const result = await client.query<Row>(config);
  return result.rows;
}

/** A connection whose failures say where they happened. */
export function connectionOver(client: ClientBase, location: PostgresLocation): PostgresConnection {
  return {
    query: async <Row extends object>(
      text: string,
      values: readonly unknown[] = [],
      options: StatementOptions = {},
    ): Promise<Row[]> => {
      try {
        const { name, answerMs } = options;
        return await runStatement<Row>(client, { text, values, name, answerMs });
      } catch (error) {
        throw failureOf(error, location);
      }
    },
  };
}
