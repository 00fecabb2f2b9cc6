import { type PosternEvent, topicOfEvent } from '#events';
import {
  type CallFinish,
  CallLedger,
  type CallReservation,
  type CallStart,
  type StartOutcome,
  type UnusedCalls,
} from '#injection';
import { DependencyUnavailable } from '#kernel';
import {
  FINISH_CALLS,
  RELEASE_CALLS,
  RESERVE_CALLS,
  START_CALLS,
  UNFINISHED_CALLS,
} from './call-statements.js';
import { FinishBuffer } from './finish-buffer.js';
import { GroupCommit } from './group-commit.js';
import { eventFailure, eventsParameter, jsonParameter, listedEvent } from './json-parameter.js';
import { codeOf } from './postgres-failure.js';
import { type PostgresConnection } from './postgres-connection.js';
import { type PostgresDatabase } from './postgres-database.js';

const START_LIMITS = { batchItemsMax: 256, waitingItemsMax: 10_000, lanes: 1 };
const FINISH_LIMITS = {
  batchItemsMax: 500,
  delayMs: 50,
  waitingItemsMax: 50_000,
  retryDelayMs: 100,
  retryDelayMaxMs: 5_000,
};
const CLOSE_TIMEOUT_MS = 5_000;
const SWEEP_PAGE = 500;
const UNIQUE_VIOLATION = '23505';

type CompletedCall = PosternEvent<'dev.postern.call.completed.v1'>;

export interface CallLedgerOptions {
  /** Hears what nobody waits for: that finished calls cannot be recorded. */
  readonly onProblem: (message: string, error: unknown) => void;
}

/** Calls in PostgreSQL, with group commit. Needs the role postern_proxy. */
export class PostgresCallLedger extends CallLedger {
  private readonly starts: GroupCommit<CallStart, StartOutcome>;
  private readonly finishes: FinishBuffer<CallFinish>;

  constructor(
    private readonly database: PostgresDatabase,
    private readonly options: CallLedgerOptions,
  ) {
    super();
    this.starts = new GroupCommit((calls) => this.commitStarts(calls), START_LIMITS);
    this.finishes = new FinishBuffer(
      (finishes) => this.commitFinishes(finishes),
      options.onProblem,
      FINISH_LIMITS,
    );
  }

  override start(call: CallStart): Promise<StartOutcome> {
    return this.starts.submit(call);
  }

  override async reserve({
    handleId,
    needed,
    wanted,
    at,
    firstUse,
  }: CallReservation): Promise<number | Exclude<StartOutcome, 'started'>> {
    const [row] = await this.database.query<{ total: number }>(
      RESERVE_CALLS,
      [handleId, needed, wanted, at, firstUse === undefined ? null : eventsParameter([firstUse])],
      { name: 'reserve-calls' },
    );
    if (row === undefined) return 'not-live';
    return row.total > 0 ? row.total : 'exhausted';
  }

  override async release(unused: readonly UnusedCalls[]): Promise<void> {
    const rows = unused.map(({ handleId, calls }) => ({ handle_id: handleId, calls }));
    await this.database.query(RELEASE_CALLS, [jsonParameter(rows)], { name: 'release-calls' });
  }

  override get hasRoom(): boolean {
    return this.finishes.size < FINISH_LIMITS.waitingItemsMax / 2;
  }

  /** What does not fit in the buffer (50,000 calls) is left to the sweeper. */
  override finish(finish: CallFinish): void {
    if (this.finishes.add(finish)) return;
    this.options.onProblem(
      'a finished call is left to the sweeper',
      new DependencyUnavailable('postgresql', 'the buffer of finished calls is full or closed'),
    );
  }

  override flush(): Promise<void> {
    return this.finishes.flush();
  }

  override async sweep(before: Date, eventOf: (call: CallStart) => CompletedCall): Promise<number> {
    let swept = 0;
    for (;;) {
      const page = await this.database.transaction((connection) =>
        sweepPage(connection, before, eventOf),
      );
      swept += page;
      if (page < SWEEP_PAGE) return swept;
    }
  }

  /** Gives what is buffered 5 seconds to become durable; the rest is left to the sweeper. */
  async close(): Promise<void> {
    const timer = setTimeout(() => this.finishes.close(), CLOSE_TIMEOUT_MS);
    try {
      await this.finishes.flush();
    } catch (error) {
      this.options.onProblem('finished calls are left to the sweeper', error);
    } finally {
      clearTimeout(timer);
      this.finishes.close();
    }
  }

  private async commitStarts(calls: readonly CallStart[]): Promise<readonly StartOutcome[]> {
    // One row a call id: a caller that starts the same call twice at once gets the same answer twice.
    const distinct = [...new Map(calls.map((call) => [call.callId, call])).values()];
    const rows = await this.startRows(jsonParameter(distinct.map(startRow)));
    const outcomes = new Map(rows.map((row) => [row.call_id, row.outcome]));
    return calls.map(({ callId }) => outcomes.get(callId) ?? 'not-live');
  }

  private async startRows(
    calls: string,
  ): Promise<readonly { call_id: string; outcome: StartOutcome }[]> {
    const run = (): Promise<{ call_id: string; outcome: StartOutcome }[]> =>
      this.database.query(START_CALLS, [calls], { name: 'start-calls' });
    try {
      return await run();
    } catch (error) {
      // Another process recorded one of these calls in between: now it is seen.
      if (codeOf(error) === UNIQUE_VIOLATION) return run();
      throw error;
    }
  }

  private async commitFinishes(finishes: readonly CallFinish[]): Promise<void> {
    await writeEnds(this.database, finishes).catch((error: unknown) => {
      throw eventFailure(error);
    });
  }
}

async function sweepPage(
  connection: PostgresConnection,
  before: Date,
  eventOf: (call: CallStart) => CompletedCall,
): Promise<number> {
  const calls = await connection.query<CallStart>(UNFINISHED_CALLS, [before, SWEEP_PAGE]);
  if (calls.length === 0) return 0;
  await writeEnds(
    connection,
    calls.map((call) => ({ callId: call.callId, event: eventOf(call) })),
  );
  return calls.length;
}

async function writeEnds(
  connection: Pick<PostgresConnection, 'query'>,
  finishes: readonly CallFinish[],
): Promise<void> {
  const distinct = [...new Map(finishes.map((finish) => [finish.callId, finish])).values()];
  await connection.query(FINISH_CALLS, [jsonParameter(distinct.map(endRow))], {
    name: 'finish-calls',
  });
}

const startRow = (call: CallStart, place: number): Record<string, unknown> => ({
  place,
  call_id: call.callId,
  handle_id: call.handleId,
  resource: call.resource,
  route_template: call.routeTemplate,
  method: call.method,
  started_at: call.startedAt,
  correlation_id: call.correlationId,
  first_use: call.firstUse === undefined ? undefined : listedEvent(call.firstUse),
});

/** What the event says already is read from it. */
const endRow = ({ event }: CallFinish, place: number): Record<string, unknown> => ({
  place,
  topic: topicOfEvent(event),
  event,
});
