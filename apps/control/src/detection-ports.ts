import {
  type DetectionSettings,
  type DetectionStore,
  type DryRunRequests,
  type ResponseOrders,
  type ResponseRecords,
  type UsualExchanges,
  type Zones,
} from '#detection';
import { type RestrictionStore } from '#handles';

/** Where detections, and what is done about them, are known. */
export interface DetectionPorts {
  readonly store: DetectionStore;
  readonly orders: ResponseOrders;
  readonly records: ResponseRecords;
  readonly dryRuns: DryRunRequests;
  readonly settings: DetectionSettings;
  /** What responses restrict, and what is usual of whom they do. */
  readonly restrictions: RestrictionStore;
  readonly usual: UsualExchanges;
  readonly zones: Zones;
}
