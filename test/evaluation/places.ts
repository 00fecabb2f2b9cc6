import { NetworkZones } from '#detection';
import { type Chance } from './chance.js';
import { type Environment } from './model.js';

/** A network zone of the installation, with the city that its addresses are found in. */
export interface Zone {
  readonly id: string;
  readonly city: string;
  /** First two bytes of its IPv4 addresses. */
  readonly four: string;
  readonly six: string;
}

const ZONE_LETTERS = ['a', 'b', 'c'] as const;
const SECOND_BYTES: Readonly<Record<Environment, number>> = { dev: 10, staging: 20, prod: 30 };

/** Three zones of each environment: two of one city, the third of another. */
export const zonesOf = (environment: Environment): readonly Zone[] =>
  ZONE_LETTERS.map((letter, index) => ({
    id: `${environment}-${letter}`,
    city: letter === 'c' ? 'second' : 'first',
    four: `10.${SECOND_BYTES[environment] + index}`,
    six: `2001:db8:${SECOND_BYTES[environment] + index}`,
  }));

const ALL = (['dev', 'staging', 'prod'] as const).flatMap(zonesOf);

/** As `detection.zones` of a configuration would name them. */
export const ZONES = new NetworkZones(
  Object.fromEntries(ALL.map(({ id, four, six }) => [id, [`${four}.0.0/16`, `${six}::/48`]])),
);

const BY_PREFIX = new Map(
  ALL.flatMap(
    (zone) =>
      [
        [zone.four, zone],
        [zone.six, zone],
      ] as const,
  ),
);

/** Where public records find an address: a city, and who routes it. */
export const whereabouts = (ip: string): { readonly city: string; readonly network: string } => {
  const isSix = ip.includes(':');
  const prefix = isSix ? ip.split(':').slice(0, 3).join(':') : ip.split('.').slice(0, 2).join('.');
  const zone = BY_PREFIX.get(prefix);
  if (zone !== undefined) return { city: zone.city, network: isSix ? `six ${zone.id}` : zone.id };
  const network = ip.split('.').slice(0, 3).join('.');
  return { city: network, network };
};

export const addressIn = ({ four }: Zone, chance: Chance): string =>
  `${four}.${chance.int(0, 255)}.${chance.int(1, 254)}`;

export const sixIn = ({ six }: Zone, chance: Chance): string => `${six}::${chance.hex(4)}`;

/** Networks that are nobody's here. */
const ABROAD = ['192.0.2', '198.51.100', '203.0.113', '100.64.9', '172.31.200'] as const;

export const addressAbroad = (chance: Chance): string =>
  `${chance.of(ABROAD)}.${chance.int(1, 254)}`;
