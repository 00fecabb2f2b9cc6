const IPV4_BITS = 32;
const IPV6_BITS = 128;
const GROUPS = 8;
/** IPv4-mapped addresses (RFC 4291 section 2.5.5.2): `::ffff:0:0/96`. */
const MAPPED_PREFIX = 0xffffn;

/** An address as a number. */
export interface IpAddress {
  readonly bits: typeof IPV4_BITS | typeof IPV6_BITS;
  readonly value: bigint;
}

/** An IPv4 or IPv6 address, an IPv4-mapped one as IPv4, without its zone index; undefined when the text is none. */
export function parseIpAddress(text: string): IpAddress | undefined {
  if (!text.includes(':')) return ipv4(text);
  const [address = ''] = text.split('%', 1);
  const value = ipv6(address);
  if (value === undefined) return undefined;
  if (value >> BigInt(IPV4_BITS) === MAPPED_PREFIX) {
    return { bits: IPV4_BITS, value: value & 0xffff_ffffn };
  }
  return { bits: IPV6_BITS, value };
}

/** The first `prefix` bits of an address; the others are zero. */
export const networkOf = ({ bits, value }: IpAddress, prefix: number): bigint => {
  const rest = BigInt(bits - prefix);
  return (value >> rest) << rest;
};

/** As people write it: IPv4 in four parts, IPv6 in eight groups without leading zeros. */
export function addressText({ bits }: IpAddress, value: bigint): string {
  const [size, width, base, mark] = bits === IPV4_BITS ? [4, 8n, 10, '.'] : [GROUPS, 16n, 16, ':'];
  const mask = (1n << width) - 1n;
  const parts = Array.from({ length: size }, (_, place) =>
    ((value >> (width * BigInt(size - 1 - place))) & mask).toString(base),
  );
  return parts.join(mark);
}

function ipv4(text: string): IpAddress | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every(isOctet)) return undefined;
  const value = parts.reduce((sum, part) => sum * 256n + BigInt(part), 0n);
  return { bits: IPV4_BITS, value };
}

const isOctet = (part: string): boolean =>
  /^(?:0|[1-9][0-9]{0,2})$/.test(part) && Number(part) <= 255;

function ipv6(text: string): bigint | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [head, tail] = halves.map(groupsOf);
  if (head === undefined || (halves.length === 2 && tail === undefined)) return undefined;
  const missing = GROUPS - head.length - (tail?.length ?? 0);
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  const groups = [...head, ...Array<number>(missing).fill(0), ...(tail ?? [])];
  return groups.reduce((sum, group) => sum * 0x1_0000n + BigInt(group), 0n);
}

/** 16 bits each; the last 32 may be written as IPv4. */
function groupsOf(half: string): readonly number[] | undefined {
  if (half === '') return [];
  const parts = half.split(':');
  const last = parts.at(-1) ?? '';
  const embedded = last.includes('.') ? ipv4(last) : undefined;
  if (last.includes('.') && embedded === undefined) return undefined;
  const hex = embedded === undefined ? parts : parts.slice(0, -1);
  if (!hex.every((part) => /^[0-9a-fA-F]{1,4}$/.test(part))) return undefined;
  const groups = hex.map((part) => Number.parseInt(part, 16));
  if (embedded === undefined) return groups;
  return [...groups, Number(embedded.value >> 16n), Number(embedded.value & 0xffffn)];
}
