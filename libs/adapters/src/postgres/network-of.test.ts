import { networkOf } from './network-of.js';

describe('the network that stands for the zone of an address', () => {
  it.each([
    ['10.1.2.3', '10.1.2.0/24'],
    ['::ffff:10.1.2.3', '10.1.2.0/24'],
    ['2001:db8:1:2::3', '2001:db8:1::/48'],
    ['2001:0db8:0001:2:3:4:5:6', '2001:db8:1::/48'],
    ['2001:db8::1', '2001:db8:0::/48'],
    ['::1', '0:0:0::/48'],
    ['fe80::1%eth0', 'fe80:0:0::/48'],
  ])('of %s is %s', (ip, network) => {
    expect(networkOf(ip)).toBe(network);
  });

  it.each(['', 'unknown', '10.1.2', '10.1.2.3.4', 'example.org', '1:2:3'])(
    'of "%s" is none',
    (ip) => {
      expect(networkOf(ip)).toBeUndefined();
    },
  );
});
