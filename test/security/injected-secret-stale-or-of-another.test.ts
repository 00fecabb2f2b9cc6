import { aProxiedResource, TEST_SECRET_REF } from '#testing';
import { CallPath } from './call-path.js';

/** Cache key too small, wrong or stale secret: OneCLI #251/#252, aisix #779, OneCLI #116/#117/#178, Infisical #8000. */
describe('the secret that is injected', () => {
  let path: CallPath;
  beforeEach(async () => {
    path = await CallPath.start({
      registration: { inject: { kind: 'bearer', value: 'value' } },
      secret: { value: 'first-version-of-it', other: 'another-field-of-it' },
    });
  });
  afterEach(() => path.stop());
  const authorization = (): string => {
    const { rawHeaders } = path.backend.seen.at(-1)!;
    return rawHeaders[rawHeaders.indexOf('authorization') + 1]!;
  };

  it('is that of the resource, when two resources share a secret and inject it differently', async () => {
    const inject = { kind: 'bearer', value: 'other' } as const;
    const destination = `${path.backend.origin}/archive`;
    path.parts.resources.set(
      'archive',
      aProxiedResource({ destination, inject }, { id: 'archive' }),
    );
    const calls = ['ledger', 'archive', 'ledger', 'archive'];
    const seen: string[] = [];
    for (const resource of calls) {
      await path.call(`/proxy/${resource}/accounts/42`, { handle: { resource } });
      seen.push(authorization());
    }
    expect(seen).toEqual(
      [
        'first-version-of-it',
        'another-field-of-it',
        'first-version-of-it',
        'another-field-of-it',
      ].map((value) => `Bearer ${value}`),
    );
  });

  it('is the newest version, which is also the one that is looked for in responses', async () => {
    await path.call('/proxy/ledger/accounts/42');
    await path.parts.seal({ value: 'second-version-of-it' });
    path.parts.credentials.forget(TEST_SECRET_REF);
    await path.call('/proxy/ledger/accounts/42');
    expect(authorization()).toBe('Bearer second-version-of-it');
    expect(path.parts.ledger.completed.map(({ data }) => data.credential_version)).toEqual([1, 2]);
  });

  it('is none, when the store is away: 503, and the call is finished', async () => {
    path.parts.secrets.failWith('sealed');
    const answer = await path.call('/proxy/ledger/accounts/42');
    expect([answer.status, answer.headers['postern-error']]).toEqual([
      503,
      'credential-unavailable',
    ]);
    expect(path.backend.seen).toHaveLength(0);
    expect(path.parts.ledger.completed).toHaveLength(1);
  });
});
