import { BlockList, isIP } from 'node:net';

const HOPS_MAX = 20;

/** Whose word on the caller's address counts. */
export class TrustedProxies {
  readonly #list = new BlockList();
  readonly #empty: boolean;

  /** @throws TypeError that names the entry that is no address or CIDR */
  constructor(entries: readonly string[]) {
    this.#empty = entries.length === 0;
    for (const entry of entries) this.#add(entry);
  }

  /**
   * The address of the caller: that of the socket, unless it belongs to a trusted proxy. Then, from the right, the first
   * entry of X-Forwarded-For that no trusted proxy owns; what stands left of it anybody could have written.
   */
  peerAddress(socketAddress: string | undefined, rawHeaders: readonly string[]): string {
    const peer = plainAddress(socketAddress ?? '');
    if (this.#empty || !this.#trusts(peer)) return peer;
    let nearest = peer;
    for (const hop of forwardedFor(rawHeaders).reverse().slice(0, HOPS_MAX)) {
      if (!isAddress(hop)) return nearest;
      nearest = plainAddress(hop);
      if (!this.#trusts(nearest)) return nearest;
    }
    return nearest;
  }

  /** Whether what the peer at the other end of a socket says of its caller counts. */
  isTrusted(socketAddress: string | undefined): boolean {
    return !this.#empty && this.#trusts(plainAddress(socketAddress ?? ''));
  }

  #trusts(address: string): boolean {
    const family = isIP(address);
    return family !== 0 && this.#list.check(address, family === 6 ? 'ipv6' : 'ipv4');
  }

  #add(entry: string): void {
    const [address = '', prefix] = entry.split('/');
    const family = isIP(address);
    const bits = family === 6 ? 128 : 32;
    const length = prefix === undefined ? bits : Number(prefix);
    if (family === 0 || !/^[0-9]*$/.test(prefix ?? '') || length > bits || prefix === '') {
      throw new TypeError(`trustedProxies: "${entry}" is no address or CIDR such as 10.0.0.0/8`);
    }
    this.#list.addSubnet(address, length, family === 6 ? 'ipv6' : 'ipv4');
  }
}

/** IPv4 as dual-stack sockets show it (RFC 4291 section 2.5.5.2). */
const plainAddress = (address: string): string => address.replace(/^::ffff:(?=[0-9.]+$)/i, '');

/** One with a zone (RFC 4007 section 11) means something on its own machine only, and may be as long as it likes. */
const isAddress = (hop: string): boolean => isIP(hop) !== 0 && !hop.includes('%');

function forwardedFor(rawHeaders: readonly string[]): string[] {
  const hops: string[] = [];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    if (rawHeaders[index]?.toLowerCase() !== 'x-forwarded-for') continue;
    hops.push(...(rawHeaders[index + 1] ?? '').split(',').map((hop) => hop.trim()));
  }
  return hops;
}
