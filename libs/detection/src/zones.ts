/** Names the network zone of an address, by the CIDR ranges of the configuration; the narrowest range that holds it. */
export interface Zones {
  /** Of an address that no range holds its /24 (IPv6: its /48) stands for the zone; undefined: it is no address. */
  of(ip: string): string | undefined;
}
