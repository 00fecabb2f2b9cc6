import { lookup as resolve } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';

/** Never to be contacted, whatever is registered: link-local (cloud metadata), unspecified, multicast, reserved. */
const forbidden = new BlockList();
forbidden.addSubnet('0.0.0.0', 8, 'ipv4');
forbidden.addSubnet('169.254.0.0', 16, 'ipv4');
forbidden.addSubnet('224.0.0.0', 3, 'ipv4');
forbidden.addAddress('100.100.100.200', 'ipv4'); // Alibaba Cloud's metadata service.
forbidden.addAddress('168.63.129.16', 'ipv4'); // Azure's WireServer, which hands out certificates.
forbidden.addAddress('::', 'ipv6');
forbidden.addSubnet('fe80::', 10, 'ipv6');
forbidden.addSubnet('ff00::', 8, 'ipv6');
forbidden.addAddress('fd00:ec2::254', 'ipv6'); // Amazon's metadata service.
forbidden.addAddress('fd20:ce::254', 'ipv6'); // Google's.
// 169.254.0.0/16 within IPv6: NAT64 (RFC 6052), IPv4-compatible, 6to4.
forbidden.addSubnet('64:ff9b::a9fe:0', 112, 'ipv6');
forbidden.addSubnet('::a9fe:0', 112, 'ipv6');
forbidden.addSubnet('2002:a9fe::', 32, 'ipv6');

/** RFC 1918, loopback, shared address space (RFC 6598), unique local (RFC 4193), and what embeds IPv4. */
const internal = new BlockList();
internal.addSubnet('10.0.0.0', 8, 'ipv4');
internal.addSubnet('100.64.0.0', 10, 'ipv4');
internal.addSubnet('127.0.0.0', 8, 'ipv4');
internal.addSubnet('172.16.0.0', 12, 'ipv4');
internal.addSubnet('192.0.0.0', 24, 'ipv4');
internal.addSubnet('192.168.0.0', 16, 'ipv4');
internal.addSubnet('198.18.0.0', 15, 'ipv4');
internal.addAddress('::1', 'ipv6');
internal.addSubnet('fc00::', 7, 'ipv6');
internal.addSubnet('64:ff9b::', 96, 'ipv6'); // NAT64: could reach any IPv4 address.
internal.addSubnet('64:ff9b:1::', 48, 'ipv6'); // NAT64 of one's own network (RFC 8215).
internal.addSubnet('::', 96, 'ipv6'); // IPv4-compatible.
internal.addSubnet('2001::', 32, 'ipv6'); // Teredo.
internal.addSubnet('2002::', 16, 'ipv6'); // 6to4.

export class AddressRefused extends Error {
  readonly code = 'ERR_ADDRESS_REFUSED';
}

/** Whether a connection to this literal IP address may be opened. IPv4-mapped IPv6 is judged as IPv4. */
export function permitsAddress(address: string, allowPrivate: boolean): boolean {
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
  if (isIP(address) === 0 || forbidden.check(address, family)) return false;
  return allowPrivate || !internal.check(address, family);
}

/**
 * A `lookup` for `net.connect` that resolves a name once and hands on only addresses that may be contacted, so that
 * what was judged is what is connected to. Names that are IP literals never get here: judge them by `permitsAddress`.
 */
export function guardedLookup(allowPrivate: boolean): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) {
        callback(error, [], 0);
        return;
      }
      const permitted = addresses.filter(({ address }) => permitsAddress(address, allowPrivate));
      const first = permitted[0];
      if (first === undefined) {
        const what = `${hostname} resolves to addresses that must not be contacted`;
        callback(new AddressRefused(what), [], 0);
      } else if (options.all === true) callback(null, permitted, 0);
      else callback(null, first.address, first.family);
    });
  };
}
