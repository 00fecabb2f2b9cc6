import { isOfType, type RecordedEvent } from '#events';
import {
  type EvidenceHistory,
  type SeenDenial,
  type SeenExchange,
  type SeenReplay,
  type SeenRevocation,
} from './evidence-log.js';
import { seenDenial, seenExchange, seenReplay, seenRevocation } from './seen-events.js';
import { type Zones } from './zones.js';

/** A batch of events with all that was seen before of the handles, tokens and exchanges that they are about. */
export interface Sighting {
  /** Each once. */
  readonly events: readonly RecordedEvent[];
  /** Of each list below: each once, the oldest first. */
  readonly exchanges: readonly SeenExchange[];
  readonly revocations: readonly SeenRevocation[];
  readonly denials: readonly SeenDenial[];
  readonly replays: readonly SeenReplay[];
}

/**
 * Looks up what belongs to a batch, each kind once for all of it. Whichever event of those that belong together comes
 * last finds the others: rules need no order. The events must be in the log already.
 * @throws DependencyUnavailable
 */
export async function look(
  batch: readonly RecordedEvent[],
  history: EvidenceHistory,
  zones: Zones,
): Promise<Sighting> {
  const events = [...new Map(batch.map((event) => [event.id, event])).values()];
  const own = seenIn(events, zones);
  const handleIds = distinct([
    ...own.denials.map(({ handleId }) => handleId),
    ...own.revocations.map(({ handleId }) => handleId),
    ...own.exchanges.map(({ handleId }) => handleId),
    ...unboundOf(events),
  ]);
  const priorIds = distinct(own.replays.map(({ priorExchangeId }) => priorExchangeId));
  const exchangeIds = distinct([...priorIds, ...own.exchanges.map(({ exchangeId }) => exchangeId)]);
  const familyIds = distinct(own.exchanges.map(({ familyId }) => familyId));
  return {
    events,
    exchanges: together([
      ...own.exchanges,
      ...(await asked(familyIds, (ids) => history.exchangesOf(ids))),
      ...(await asked(priorIds, (ids) => history.exchanges(ids))),
      ...(await asked(handleIds, (ids) => history.originsOf(ids))),
    ]),
    revocations: together([
      ...own.revocations,
      ...(await asked(handleIds, (ids) => history.revocationsOf(ids))),
    ]),
    denials: together([
      ...own.denials,
      ...(await asked(handleIds, (ids) => history.denialsOf(ids))),
    ]),
    replays: together([
      ...own.replays,
      ...(await asked(exchangeIds, (ids) => history.replaysOf(ids))),
    ]),
  };
}

/** Handles that came without their key: whose they are is told by the exchange that they came from. */
const unboundOf = (events: readonly RecordedEvent[]): readonly string[] =>
  events.flatMap((event) =>
    isOfType(event, 'dev.postern.call.denied.v1') && event.data.reason === 'binding_mismatch'
      ? (event.data.handle_id ?? [])
      : [],
  );

/** The events of one type in the batch. */
export const eventsOf = <T extends RecordedEvent['type']>(
  { events }: Sighting,
  type: T,
): readonly RecordedEvent<T>[] =>
  events.filter((event): event is RecordedEvent<T> => isOfType(event, type));

function seenIn(events: readonly RecordedEvent[], zones: Zones): Omit<Sighting, 'events'> {
  const known = <Seen>(seen: (event: RecordedEvent, zones: Zones) => Seen | undefined): Seen[] =>
    events.map((event) => seen(event, zones)).filter((one) => one !== undefined);
  return {
    exchanges: known(seenExchange),
    revocations: known(seenRevocation),
    denials: known(seenDenial),
    replays: known(seenReplay),
  };
}

const distinct = (ids: readonly string[]): readonly string[] => [...new Set(ids)];

const asked = async <Seen>(
  ids: readonly string[],
  lookUp: (ids: readonly string[]) => Promise<readonly Seen[]>,
): Promise<readonly Seen[]> => (ids.length === 0 ? [] : lookUp(ids));

/** Each event once, as it was kept first: what the log has of it came last here, and counts. */
const together = <Seen extends { readonly eventId: string; readonly at: Date }>(
  seen: readonly Seen[],
): readonly Seen[] =>
  [...new Map(seen.map((one) => [one.eventId, one])).values()].sort(
    (one, other) => one.at.getTime() - other.at.getTime() || (one.eventId < other.eventId ? -1 : 1),
  );
