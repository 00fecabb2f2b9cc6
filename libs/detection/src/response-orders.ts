import { type PlannedResponse } from './candidate.js';
import { type RuleId } from './rule.js';

/** What is to be done about a detection, and by whom: `control` alone may change handles. */
export interface ResponseOrder {
  readonly id: string;
  readonly detectionId: string;
  readonly rule: RuleId;
  readonly response: PlannedResponse;
  readonly orderedAt: Date;
  /** How often it was tried. */
  readonly attempts: number;
}

export type ResponseResult = 'done' | 'nothing_to_do' | 'failed';

/** Orders that wait for who carries them out. */
export abstract class ResponseOrders {
  /**
   * The oldest that are due, for `leaseMs` for this caller alone; each with one more attempt, this one included.
   * @throws DependencyUnavailable
   */
  abstract claim(limit: number, leaseMs: number): Promise<readonly ResponseOrder[]>;

  /**
   * Done with: it is given to nobody again, and told with `response.executed` in the same transaction. Of an order that
   * `expired` gave: it has been taken back, and nothing is told, since what was taken back has events of its own. Again
   * with the same order it does nothing.
   */
  abstract settle(order: ResponseOrder, result: ResponseResult): Promise<void>;

  /**
   * Settles one that waits as `nothing_to_do`: it will be given to nobody. False: it is settled already, or somebody is at it
   * now, and it is as it was. @throws DependencyUnavailable
   */
  abstract cancel(order: ResponseOrder): Promise<boolean>;

  /**
   * Orders that were `done`, are over after their `seconds` (from `orderedAt`), and are to be taken back, the oldest first.
   * They are given again until they are settled once more.
   */
  abstract expired(now: Date, limit: number): Promise<readonly ResponseOrder[]>;
}
