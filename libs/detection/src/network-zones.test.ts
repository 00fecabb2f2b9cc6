import fc from 'fast-check';
import { NetworkZones } from './network-zones.js';

const zones = new NetworkZones({
  office: ['10.1.0.0/16', '2001:db8:1::/48'],
  'office-vpn': ['10.1.2.0/24'],
  bastion: ['10.1.2.3'],
  private: ['10.0.0.0/8', 'fd00::/8'],
});

describe('network zones', () => {
  it.each([
    ['10.1.2.3', 'bastion'],
    ['10.1.2.4', 'office-vpn'],
    ['10.1.3.0', 'office'],
    ['10.1.255.255', 'office'],
    ['10.2.0.0', 'private'],
    ['2001:db8:1:ffff::1', 'office'],
    ['2001:DB8:1::', 'office'],
    ['fd12:3456::1', 'private'],
    ['::ffff:10.1.2.3', 'bastion'],
    ['::ffff:a01:204', 'office-vpn'],
    ['203.0.113.9', '203.0.113.0/24'],
    ['2001:db8:2:3::9', '2001:db8:2:0:0:0:0:0/48'],
    ['fe80::1%eth0', 'fe80:0:0:0:0:0:0:0/48'],
    ['0.0.0.0', '0.0.0.0/24'],
    ['::', '0:0:0:0:0:0:0:0/48'],
  ])('has %s in %s', (ip, zone) => {
    expect(zones.of(ip)).toBe(zone);
  });

  it.each([
    '',
    'unknown',
    '10.1.2',
    '10.1.2.256',
    '10.1.2.03',
    '1::2::3',
    ':::',
    '12345::',
    'g::',
    '::1.2.3',
    '1:2:3:4:5:6:7',
  ])('has no zone for %j, which is no address', (text) => {
    expect(zones.of(text)).toBeUndefined();
  });

  it('goes by the narrowest range, in whatever order they are written', () => {
    const written = [
      ['wide', ['10.0.0.0/8']],
      ['narrow', ['10.1.2.0/24']],
    ] as const;
    for (const order of [written, written.toReversed()]) {
      expect(new NetworkZones(Object.fromEntries<readonly string[]>(order)).of('10.1.2.9')).toBe(
        'narrow',
      );
    }
  });

  it('takes a range for everything', () => {
    const all = new NetworkZones({ six: ['::/0'], four: ['0.0.0.0/0'] });
    expect([all.of('1.2.3.4'), all.of('::ffff:1.2.3.4'), all.of('2001::')]).toEqual([
      'four',
      'four',
      'six',
    ]);
  });

  it('has an IPv4 address and its mapped form in one zone', () => {
    fc.assert(
      fc.property(fc.ipV4(), (ip) => {
        expect(zones.of(`::ffff:${ip}`)).toBe(zones.of(ip));
        expect(zones.of(ip)).toBeDefined();
      }),
    );
  });

  it('has every IPv6 address somewhere', () => {
    fc.assert(fc.property(fc.ipV6(), (ip) => expect(zones.of(ip)).toBeDefined()));
  });
});
