import { randomUUID } from 'node:crypto';
import {
  breakerOpenedEvents,
  CredentialCensus,
  type CredentialRefusal,
  type InstanceReport,
  type ManagedCredential,
} from '#credentials';
import { type EventFactory } from '#events';
import { DependencyUnavailable } from '#kernel';
import { CREDENTIAL_COLUMNS, type CredentialRow, managedFrom } from './credential-row.js';
import { eventFailure, jsonParameter } from './json-parameter.js';
import { codeOf } from './postgres-failure.js';
import { type PostgresDatabase } from './postgres-database.js';
import { append } from './rotation-step-statements.js';

/** What a transaction records. */
const REFUSALS_PAGE = 500;
/** Calls begin by an answer for two seconds after the question: a later one is worth less than another question. */
const ANSWER_MS = 1_500;
/** object_not_in_prerequisite_state: see the function report_census. */
const OVERTAKEN = '55000';

interface JudgedRow {
  readonly managed: CredentialRow;
  readonly failures: number;
  readonly last_status: number | null;
  readonly last_call: string | null;
  readonly opened_at: Date | null;
}

/**
 * The census in PostgreSQL, by the clock of the database. One object a process: reports of two with one instance id count
 * as those of two instances. Needs the role postern_proxy.
 */
export class PostgresCredentialCensus extends CredentialCensus {
  readonly #run = randomUUID();
  #reports = 0;

  constructor(
    private readonly database: PostgresDatabase,
    private readonly events: EventFactory,
  ) {
    super();
  }

  /**
   * One round trip, of 1.5 seconds at most: the next report goes over another connection then.
   * @throws DependencyUnavailable, also when a later report was recorded before this one
   */
  override async report({
    instanceId,
    credentials,
  }: InstanceReport): Promise<readonly ManagedCredential[]> {
    this.#reports += 1;
    const told = credentials.map(({ ref, ...report }) => ({ ...ref, ...report }));
    const rows = await this.database
      .query<CredentialRow>(
        `select ${CREDENTIAL_COLUMNS} from public.report_census($1, $2, $3, $4::jsonb)`,
        [instanceId, this.#run, this.#reports, jsonParameter(told)],
        { name: 'report-census', answerMs: ANSWER_MS },
      )
      .catch(rethrowOvertaken);
    return rows.map(managedFrom);
  }

  /** @throws DependencyUnavailable; EventTooLarge */
  override async refused(
    refusals: readonly CredentialRefusal[],
  ): Promise<readonly ManagedCredential[]> {
    const judged = new Map<string, ManagedCredential>();
    for (let start = 0; start < refusals.length; start += REFUSALS_PAGE) {
      const page = refusals.slice(start, start + REFUSALS_PAGE);
      for (const credential of await this.#record(page)) {
        judged.set(JSON.stringify(credential.ref), credential);
      }
    }
    return [...judged.values()];
  }

  override async leave(instanceId: string): Promise<void> {
    await this.database.query('select public.leave_census($1, $2)', [instanceId, this.#run]);
  }

  async #record(refusals: readonly CredentialRefusal[]): Promise<readonly ManagedCredential[]> {
    const told = refusals.map(({ ref, version, callId, status, fallbackWorked }) => ({
      ...ref,
      version,
      call_id: callId,
      status,
      fallback_worked: fallbackWorked,
    }));
    const record = this.database.transaction(async (connection) => {
      const rows = await connection.query<JudgedRow>(
        'select * from public.record_refusals($1::jsonb)',
        [jsonParameter(told)],
      );
      await append(
        connection,
        rows.flatMap((row) => this.#told(row)),
      );
      return rows.map(({ managed }) => managedFrom(managed));
    });
    return record.catch((error: unknown) => {
      throw eventFailure(error);
    });
  }

  #told(row: JudgedRow): ReturnType<typeof breakerOpenedEvents> {
    if (row.opened_at === null) return [];
    return breakerOpenedEvents(this.events, {
      credential: managedFrom(row.managed),
      failures: row.failures,
      status: row.last_status ?? undefined,
      callId: row.last_call ?? '',
      at: row.opened_at,
    });
  }
}

function rethrowOvertaken(error: unknown): never {
  if (codeOf(error) !== OVERTAKEN) throw error;
  throw new DependencyUnavailable(
    'postgresql',
    'this report on credentials was overtaken by a later one of the same process: act by the answer to that one',
    { cause: error },
  );
}
