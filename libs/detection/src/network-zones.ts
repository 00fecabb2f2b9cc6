import { addressText, type IpAddress, networkOf, parseIpAddress } from './ip-address.js';
import { type Zones } from './zones.js';

/** What stands for a zone where none is named. */
const FALLBACK_PREFIX = { 32: 24, 128: 48 } as const;

interface Range {
  readonly zone: string;
  readonly bits: IpAddress['bits'];
  readonly prefix: number;
  readonly network: bigint;
}

/** Zones by ranges of addresses. */
export class NetworkZones implements Zones {
  /** The narrowest first; of one range that has two names the name that sorts first. */
  readonly #ranges: readonly Range[];

  /** @throws TypeError for a range that is no CIDR: the configuration has refused those before */
  constructor(zones: Readonly<Record<string, readonly string[]>>) {
    this.#ranges = Object.entries(zones)
      .flatMap(([zone, ranges]) => ranges.map((range) => parseRange(zone, range)))
      .sort((one, other) => other.prefix - one.prefix || (one.zone < other.zone ? -1 : 1));
  }

  of(ip: string): string | undefined {
    const address = parseIpAddress(ip);
    if (address === undefined) return undefined;
    const range = this.#ranges.find((one) => holds(one, address));
    return range?.zone ?? fallback(address);
  }
}

const holds = ({ bits, prefix, network }: Range, address: IpAddress): boolean =>
  bits === address.bits && networkOf(address, prefix) === network;

function fallback(address: IpAddress): string {
  const prefix = FALLBACK_PREFIX[address.bits];
  return `${addressText(address, networkOf(address, prefix))}/${prefix}`;
}

function parseRange(zone: string, range: string): Range {
  const [text = '', length] = range.split('/');
  const address = parseIpAddress(text);
  if (address === undefined) throw new TypeError(`${range} is no range of addresses`);
  const written = length === undefined ? undefined : Number(length);
  const prefix = written === undefined ? address.bits : mappedPrefix(text, address, written);
  return { zone, bits: address.bits, prefix, network: networkOf(address, prefix) };
}

/** `::ffff:10.0.0.0/104` is `10.0.0.0/8`. */
const mappedPrefix = (text: string, { bits }: IpAddress, prefix: number): number =>
  bits === 32 && text.includes(':') ? Math.max(0, prefix - 96) : prefix;
