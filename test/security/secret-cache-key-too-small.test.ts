import { PinnedCredentials, type SecretRef } from '#credentials';
import { type Clock, Secret } from '#kernel';
import { InMemorySecretStore } from '#testing';

/**
 * OneCLI #251, #252, aisix #779: a cache keyed by less than what names the secret handed out a wrong or an old one.
 * What names it: mount, path, version, and which writing of that version, because Vault counts from 1 again after the
 * metadata of a path are deleted.
 */
describe('the credentials in memory', () => {
  let nowMs = 1_800_000_000_000;
  const clock: Clock = { now: () => new Date(nowMs) };

  const store = new InMemorySecretStore();
  const pinned = new PinnedCredentials({ store, clock });
  const write = (ref: SecretRef, text: string): Promise<number> =>
    store.put(ref, new Map([['password', Secret.of(text)]]));
  const read = async (ref: SecretRef): Promise<string | undefined> =>
    (await pinned.current(ref)).fields.get('password')?.reveal();

  it.each([
    ['the mount', { mount: 'prod', path: 'db' }, { mount: 'staging', path: 'db' }],
    ['the path', { mount: 'prod', path: 'db' }, { mount: 'prod', path: 'db2' }],
    ['where mount ends', { mount: 'a', path: 'b/c' }, { mount: 'a/b', path: 'c' }],
    ['case', { mount: 'prod', path: 'DB' }, { mount: 'prod', path: 'dB' }],
    [
      'a name of Object',
      { mount: 'prod', path: '__proto__' },
      { mount: 'prod', path: 'constructor' },
    ],
  ])('tell two secrets apart by %s', async (_what, one, other) => {
    await write(one, JSON.stringify(one));
    await write(other, JSON.stringify(other));
    expect(await read(one)).toBe(JSON.stringify(one));
    expect(await read(other)).toBe(JSON.stringify(other));
    expect(await read(one)).toBe(JSON.stringify(one));
  });

  it('tell two writings with the same version number apart, within one refresh', async () => {
    const ref = { mount: 'secret', path: 'recreated' };
    await write(ref, 'leaked, therefore erased');
    await read(ref);
    store.erase(ref);
    await write(ref, 'replacement');
    nowMs += 12_001;
    await read(ref);
    await new Promise(setImmediate); // The refresh runs in the background.
    expect(await read(ref)).toBe('replacement');
    expect(pinned.versionsInUse()).toContainEqual({ ref, version: 1 });
  });
});
