import {
  type PostgresDatabase,
  PostgresDetectionStore,
  PostgresDryRunRequests,
  PostgresResponseOrders,
  PostgresResponseRecords,
  PostgresRestrictionStore,
  PostgresUsualExchanges,
} from '#adapters/postgres';
import { compileDetection, NetworkZones } from '#detection';
import { type EventFactory } from '#events';
import { type PosternConfig } from '#platform';
import { type DetectionPorts } from './detection-ports.js';

/** What control needs to know of detection. */
export const openDetection = (
  { detection, environment, deployment }: PosternConfig,
  database: PostgresDatabase,
  events: EventFactory,
): DetectionPorts => ({
  store: new PostgresDetectionStore(database),
  orders: new PostgresResponseOrders(database, events),
  records: new PostgresResponseRecords(database),
  dryRuns: new PostgresDryRunRequests(database),
  settings: compileDetection(detection, { environment, deployment }),
  restrictions: new PostgresRestrictionStore(database),
  usual: new PostgresUsualExchanges(database),
  zones: new NetworkZones(detection.zones),
});
