import { type PlannedResponse } from './candidate.js';
import { type ResponseResult } from './response-orders.js';

/** What became of one response of a detection. */
export interface ResponseRecord {
  /** Of its order. */
  readonly id: string;
  readonly response: PlannedResponse;
  readonly orderedAt: Date;
  /** Undefined: it waits, or is being carried out. */
  readonly result: ResponseResult | undefined;
  readonly settledAt: Date | undefined;
  /** It was taken back then. */
  readonly endedAt: Date | undefined;
}

/** The responses that were ordered, for people who look at a detection. */
export abstract class ResponseRecords {
  /** The oldest first. @throws DependencyUnavailable */
  abstract ofDetection(detectionId: string): Promise<readonly ResponseRecord[]>;
}
