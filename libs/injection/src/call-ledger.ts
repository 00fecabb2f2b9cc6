import { type PosternEvent } from '#events';

/** The event of the first call with a handle. */
export type FirstUse = PosternEvent<'dev.postern.handle.first_used.v1'>;

/** A call that is about to be sent to its destination. */
export interface CallStart {
  readonly callId: string;
  readonly handleId: string;
  readonly resource: string;
  readonly routeTemplate: string;
  readonly method: string;
  readonly startedAt: Date;
  readonly correlationId: string;
  /** Should it be the first one. Absent: it is known that there was one, and that it was told of. */
  readonly firstUse?: FirstUse | undefined;
}

/**
 * `started`: counted and recorded. `exhausted`: the handle has no call left. `not-live`: it is revoked, suspended or
 * expired by now. In the last two nothing was counted.
 */
export type StartOutcome = 'started' | 'exhausted' | 'not-live';

export interface CallFinish {
  readonly callId: string;
  /** `dev.postern.call.completed.v1` */
  readonly event: PosternEvent<'dev.postern.call.completed.v1'>;
}

/** Calls to be counted ahead. */
export interface CallReservation {
  readonly handleId: string;
  /** As many as wait. */
  readonly needed: number;
  /** As many as may soon be wanted; more than `needed` are granted only while many are left. */
  readonly wanted: number;
  readonly at: Date;
  /** As in CallStart: of the first one of those that wait. */
  readonly firstUse?: FirstUse | undefined;
}

/** Calls of one handle that were counted ahead and not made. */
export interface UnusedCalls {
  readonly handleId: string;
  readonly calls: number;
}

/**
 * Counts and records calls. Exact under any concurrency, over any number of processes. With the first call of a handle that
 * it counts it writes the event of it, `firstUse`, in the same transaction, once for ever.
 */
export abstract class CallLedger {
  /**
   * Counts the call against its handle's `maxCalls` and records it, in one transaction; durable when it resolves.
   * Many at once share a transaction.
   * @throws DependencyUnavailable: then nothing may be sent.
   */
  abstract start(call: CallStart): Promise<StartOutcome>;

  /**
   * Counts calls of one handle ahead, and records none of them: how many, from 1 to `wanted`. Of those that are left no
   * more than an eighth beyond what is needed, so that the last ones are shared by all processes.
   * @throws DependencyUnavailable: then nothing may be sent.
   */
  abstract reserve(
    reservation: CallReservation,
  ): Promise<number | Exclude<StartOutcome, 'started'>>;

  /** Takes back calls that were reserved and not made, each handle once. @throws DependencyUnavailable */
  abstract release(unused: readonly UnusedCalls[]): Promise<void>;

  /** Whether the ends of more calls can be kept until they are durable: without that no call may be begun. */
  abstract get hasRoom(): boolean;

  /**
   * Records how the call ended, with its event, some time soon; a crash before that leaves it to the sweeper. A
   * call that was not recorded when it started is recorded now.
   */
  abstract finish(finish: CallFinish): void;

  /** Resolves when every `finish` so far is durable. */
  abstract flush(): Promise<void>;

  /**
   * Ends calls that were started before `before` and never finished: `unknown_after_crash`, each with its event.
   * Resolves to how many.
   */
  abstract sweep(
    before: Date,
    eventOf: (call: CallStart) => PosternEvent<'dev.postern.call.completed.v1'>,
  ): Promise<number>;
}
