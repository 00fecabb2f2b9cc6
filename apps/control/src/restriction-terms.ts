import {
  type Detection,
  type DetectionSettings,
  type ResponseOrder,
  thresholdOf,
  type UsualExchanges,
  type Zones,
} from '#detection';
import { type RestrictionTerms } from '#handles';

/** Of handles that nobody was given, from one source a minute: typing errors and purged ones, and no search. */
const GUESSES_PER_MINUTE = 10;
/** D17 counts an hour. */
const MINUTES_PER_HOUR = 60;
/** What D11 looks at begins so long before its window: nothing of it is known from before. */
const RULE_REACH_SECONDS = 600;

export interface RestrictionTermsParts {
  readonly usual: UsualExchanges;
  readonly zones: Zones;
  readonly settings: DetectionSettings;
}

/**
 * What an order restricts, of the one entity that it names; undefined: it is no restriction of what it names. What a
 * workload usually does is left to it, so that who causes a restriction stops nothing but what is unusual.
 * @throws DependencyUnavailable
 */
export function restrictionTerms(
  { response }: ResponseOrder,
  detection: Detection,
  parts: RestrictionTermsParts,
): Promise<RestrictionTerms | undefined> {
  const [scope = '', ...rest] = response.target.split(':');
  const entityId = rest.join(':');
  if (entityId === '') return Promise.resolve(undefined);
  switch (`${response.action} ${scope}`) {
    case 'rate_limit subject':
      return exchangeRate(entityId, detection, parts);
    case 'step_down subject':
      return knownOnly(entityId, detection, parts);
    case 'rate_limit source':
      return Promise.resolve({ kind: 'guess_rate', entityId, limit: GUESSES_PER_MINUTE });
    case 'block_source source':
      // Of an address all of its zone; what is a zone already is no address.
      return Promise.resolve({
        kind: 'source_block',
        entityId: parts.zones.of(entityId) ?? entityId,
      });
    case 'throttle handle':
      return Promise.resolve({ kind: 'bytes_rate', entityId, limit: bytesPerMinute(detection) });
    default:
      return Promise.resolve(undefined);
  }
}

/** Up to its own 99th percentile, and never less than what nobody is reported for. */
async function exchangeRate(
  entityId: string,
  { startAt }: Detection,
  { usual, settings }: RestrictionTermsParts,
): Promise<RestrictionTerms> {
  const { exchanges } = await usual.before(entityId, startAt);
  const floor = thresholdOf('D10', settings.rules.D10, 'floor');
  return { kind: 'exchange_rate', entityId, limit: Math.ceil(Math.max(floor, exchanges)) };
}

async function knownOnly(
  entityId: string,
  { startAt }: Detection,
  { usual }: RestrictionTermsParts,
): Promise<RestrictionTerms> {
  const began = new Date(startAt.getTime() - RULE_REACH_SECONDS * 1_000);
  const { resources } = await usual.before(entityId, began);
  return { kind: 'known_credentials_only', entityId, resources };
}

/** As much as is usual in the hour, evenly. */
const bytesPerMinute = ({ threshold }: Detection): number =>
  Math.max(1, Math.ceil(threshold / MINUTES_PER_HOUR));
