import { TrustedProxies } from '#platform';

const seen = (trusted: string[], socket: string | undefined, ...forwarded: string[]): string =>
  new TrustedProxies(trusted).peerAddress(
    socket,
    forwarded.flatMap((value) => ['X-Forwarded-For', value]),
  );

describe('the peer address', () => {
  it.each([
    ['no proxy is trusted', [], '192.0.2.1', ['203.0.113.1'], '192.0.2.1'],
    ['the peer is not trusted', ['10.0.0.0/8'], '192.0.2.1', ['203.0.113.1'], '192.0.2.1'],
    ['the peer is trusted', ['10.0.0.0/8'], '10.1.1.1', ['203.0.113.1'], '203.0.113.1'],
    ['an entry has a zone', ['10.0.0.0/8'], '10.1.1.1', ['fe80::1%many-names'], '10.1.1.1'],
    [
      'the caller made an entry up',
      ['10.0.0.0/8'],
      '10.1.1.1',
      ['6.6.6.6, 203.0.113.1'],
      '203.0.113.1',
    ],
    ['there are two proxies', ['10.0.0.0/8'], '10.1.1.1', ['203.0.113.1, 10.2.2.2'], '203.0.113.1'],
    [
      'the header stands twice',
      ['10.0.0.0/8'],
      '10.1.1.1',
      ['6.6.6.6', '203.0.113.1'],
      '203.0.113.1',
    ],
    ['nothing was forwarded', ['10.0.0.0/8'], '10.1.1.1', [], '10.1.1.1'],
    ['an entry is no address', ['10.0.0.0/8'], '10.1.1.1', ['203.0.113.1, x'], '10.1.1.1'],
    ['an entry has a port', ['10.0.0.0/8'], '10.1.1.1', ['203.0.113.1:80'], '10.1.1.1'],
    ['the socket is dual-stack', ['10.0.0.0/8'], '::ffff:10.1.1.1', ['203.0.113.1'], '203.0.113.1'],
    ['the proxy speaks IPv6', ['fd00::/8'], 'fd00::1', ['2001:db8::1'], '2001:db8::1'],
  ])('when %s', (...[_, trusted, socket, forwarded, expected]) => {
    expect(seen(trusted, socket, ...forwarded)).toBe(expected);
  });

  it.each(['10.0.0.0/33', '10.0.0/8', 'proxy.internal', '10.0.0.0/', '::/129', ''])(
    'refuses to trust %j',
    (entry) => {
      expect(() => new TrustedProxies([entry])).toThrow(/no address or CIDR/);
    },
  );
});
