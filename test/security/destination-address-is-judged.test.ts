import { CallPath } from './call-path.js';

/** DNS looked up before the allow list, rebinding: nono GHSA-gcpc-cqvp-h5c8, CVE-2026-47128. */
describe('the address that is connected to is the one that was judged', () => {
  it.each([
    ['loopback that was not permitted', 'http://127.0.0.1:8/api', false],
    ['the same, written differently', 'http://0x7f.1:8/api', false],
    ['the same, by a name', 'http://localhost:8/api', false],
    ['the same, mapped into IPv6', 'http://[::ffff:127.0.0.1]:8/api', false],
    [
      'the metadata address, even where private ones are permitted',
      'http://169.254.169.254/api',
      true,
    ],
    ['the unspecified address', 'http://0.0.0.0:8/api', true],
  ])('refuses %s', async (_, destination, allowPrivate) => {
    const path = await CallPath.start({ registration: { destination, network: { allowPrivate } } });
    const answer = await path.call('/proxy/ledger/accounts/42');
    expect([answer.status, answer.headers['postern-error']]).toEqual([502, 'upstream-unreachable']);
    expect(path.parts.ledger.completed[0]!.data.outcome).toBe('upstream_unreachable');
    await path.stop();
  });
});
