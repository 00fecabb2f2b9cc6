import { type LookupAddress } from 'node:dns';
import { AddressRefused, guardedLookup, permitsAddress } from './address-guard.js';

describe('addresses that may be contacted', () => {
  it.each([
    '169.254.169.254',
    '169.254.0.1',
    '100.100.100.200',
    '0.0.0.0',
    '0.1.2.3',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    'fe80::1',
    'ff02::1',
    'fd00:ec2::254',
    '::ffff:169.254.169.254',
    '::ffff:a9fe:a9fe',
    '64:ff9b::a9fe:a9fe',
    '::a9fe:a9fe',
    '2002:a9fe:a9fe::1',
    'fd20:ce::254',
    '168.63.129.16',
  ])('never include %s', (address) => {
    expect(permitsAddress(address, true)).toBe(false);
    expect(permitsAddress(address, false)).toBe(false);
  });

  it.each([
    '127.0.0.1',
    '127.255.255.255',
    '10.1.2.3',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '100.64.0.1',
    '198.18.0.1',
    '::1',
    'fc00::1',
    'fd12:3456::1',
    '64:ff9b::a00:1',
    '64:ff9b:1::a00:1',
    '::a00:1',
    '2001::1',
    '2002:7f00:1::',
    '::ffff:127.0.0.1',
    '::ffff:10.0.0.1',
  ])('include %s only where private ones are permitted', (address) => {
    expect(permitsAddress(address, true)).toBe(true);
    expect(permitsAddress(address, false)).toBe(false);
  });

  it.each(['192.0.2.1', '8.8.8.8', '172.32.0.1', '100.128.0.1', '2606:4700::1111'])(
    'include %s',
    (address) => {
      expect(permitsAddress(address, false)).toBe(true);
    },
  );

  it.each(['', 'localhost', '127.1', '0x7f000001', '1.2.3.4.5', '[::1]', '127.0.0.1 '])(
    'do not include %j, which is no address',
    (address) => {
      expect(permitsAddress(address, true)).toBe(false);
    },
  );
});

describe('a guarded look-up', () => {
  const lookUp = (hostname: string, allowPrivate: boolean, all: boolean): Promise<unknown> =>
    new Promise((resolve, reject) => {
      guardedLookup(allowPrivate)(hostname, { all }, (error, addresses) => {
        if (error === null) resolve(addresses);
        else reject(error);
      });
    });

  it('hands on what may be contacted', async () => {
    const all = (await lookUp('localhost', true, true)) as LookupAddress[];
    expect(all.every(({ address }) => ['127.0.0.1', '::1'].includes(address))).toBe(true);
    expect(['127.0.0.1', '::1']).toContain(await lookUp('localhost', true, false));
  });

  it('refuses a name that has only addresses that must not be contacted', async () => {
    await expect(lookUp('localhost', false, true)).rejects.toThrow(AddressRefused);
    await expect(lookUp('localhost', false, false)).rejects.toThrow(AddressRefused);
  });

  it('hands on that a name does not exist', async () => {
    await expect(lookUp('no-such-host.invalid', true, true)).rejects.toThrow(/ENOTFOUND|EAI_AGAIN/);
  });
});
