import { type ResponseRecord, ResponseRecords } from '#detection';
import { type InMemoryResponseOrders } from './in-memory-response-orders.js';

/** What became of response orders in memory. */
export class InMemoryResponseRecords extends ResponseRecords {
  constructor(private readonly orders: InMemoryResponseOrders) {
    super();
  }

  override async ofDetection(detectionId: string): Promise<readonly ResponseRecord[]> {
    return this.orders.records
      .filter((record) => record.detectionId === detectionId)
      .map(({ detectionId: _, ...record }) => record);
  }
}
