import { type ServerResponse } from 'node:http';
import { VaultSecretStore } from '#adapters/vault';
import { PinnedCredentials, SecretNotFound } from '#credentials';
import { Secret, SystemClock } from '#kernel';
import { jsonAnswer, ScriptedVault } from '#test-support';

const ref = { mount: 'secret', path: 'legacy/ledger' };
const clock = new SystemClock();
const isRead = (url: string): boolean => url.includes('/data/');

describe('the Vault secret store', () => {
  let vault: ScriptedVault;
  let store: VaultSecretStore;

  const storeAt = ({ address }: ScriptedVault): VaultSecretStore =>
    new VaultSecretStore({
      settings: { address, auth: { kind: 'token', token: Secret.of('a-token') } },
      clock,
    });

  beforeEach(async () => {
    vault = await ScriptedVault.start((seen, response) => {
      const created = { created_time: 'then', deletion_time: '', destroyed: false };
      const answer = isRead(seen.url)
        ? { data: { data: { password: 'first' }, metadata: { version: 1 } } }
        : { data: { current_version: 1, versions: { 1: created }, ttl: 0 } };
      jsonAnswer(200, answer)(seen, response);
    });
    store = storeAt(vault);
  });
  afterEach(async () => {
    await store.close();
    await vault.close();
  });

  it('reads a secret once for 32 calls that need it first', async () => {
    const pinned = new PinnedCredentials({ store, clock });
    await Promise.all(Array.from({ length: 32 }, () => pinned.current(ref)));
    expect(vault.seen.filter(({ url }) => isRead(url))).toHaveLength(1);
    expect(vault.seen.map(({ url }) => url)).toEqual([
      '/v1/auth/token/lookup-self',
      '/v1/secret/metadata/legacy/ledger',
      '/v1/secret/data/legacy/ledger?version=1',
    ]);
  });

  it('sends no secret back and forth to learn the number of the newest version', async () => {
    await store.currentVersion(ref);
    expect(vault.seen.some(({ url }) => isRead(url))).toBe(false);
  });

  it.each([
    [503, { errors: ['Vault is sealed'] }, 'sealed', /sealed/],
    [503, { errors: ['error performing token check'] }, 'unreachable', /503/],
    [
      403,
      { errors: ['permission denied'] },
      'denied',
      /refuses the read of secret\/legacy\/ledger.*proxy\.hcl/,
    ],
    [400, { errors: ['x'] }, 'denied', /400/],
    [405, { errors: ['x'] }, 'denied', /405/],
    [412, {}, 'unreachable', /412/],
    [429, {}, 'unreachable', /429/],
    [500, {}, 'unreachable', /500/],
    [502, '<html>', 'unreachable', /502/],
    [307, {}, 'unreachable', /redirects are not followed/],
  ])('takes %i with %j for %s', async (status, body, condition, message) => {
    await store.currentVersion(ref);
    vault.answerWith(jsonAnswer(status, body));
    await expect(store.read(ref, 1)).rejects.toMatchObject({ condition });
    await expect(store.read(ref, 1)).rejects.toThrow(message);
    expect(await store.status()).toMatchObject({ condition });
  });

  it('does not take a refusal for an answer because the path looks like a health check', async () => {
    vault.answerWith(jsonAnswer(403, { errors: ['permission denied'] }));
    const health = { mount: 'secret', path: 'legacy/sys/health' };
    await expect(store.read(health, 1)).rejects.toMatchObject({ condition: 'denied' });
  });

  it.each([0, -1, 1.5, Number.NaN, Number.MAX_SAFE_INTEGER + 1])(
    'never asks for version %d, which Vault would take for another',
    async (version) => {
      await expect(store.read(ref, version)).rejects.toThrow(SecretNotFound);
      expect(vault.seen).toEqual([]);
    },
  );

  it('refuses another version than it asked for', async () => {
    await expect(store.read(ref, 2)).rejects.toThrow(/another version/);
  });

  it('reads at most a mebibyte', async () => {
    vault.answerWith(jsonAnswer(200, JSON.stringify({ data: 'x'.repeat(1024 * 1024) })));
    await expect(store.read(ref, 1)).rejects.toThrow(/larger than 1048576 bytes/);
  });

  it('gives up after five seconds when Vault never answers, or a byte at a time', async () => {
    const dripping = await ScriptedVault.start((_seen, response: ServerResponse) => {
      response.writeHead(200);
      const drip = setInterval(() => response.write(' '), 100).unref();
      response.on('close', () => clearInterval(drip));
    });
    const other = storeAt(dripping);
    vault.answerWith(() => undefined);
    const startedAt = performance.now();
    await Promise.all(
      [store, other].map((one) =>
        expect(one.read(ref, 1)).rejects.toThrow(/no answer within 5000 ms/),
      ),
    );
    expect(performance.now() - startedAt).toBeLessThan(20_000);
    await other.close();
    await dripping.close();
  });

  it('fails at once when it is closed', async () => {
    await store.close();
    await expect(store.read(ref, 1)).rejects.toMatchObject({ condition: 'unreachable' });
    expect(await store.status()).toMatchObject({ condition: 'unreachable' });
  });
});
