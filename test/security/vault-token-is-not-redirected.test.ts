import { VaultSecretStore } from '#adapters/vault';
import { Secret, SystemClock } from '#kernel';
import { jsonAnswer, ScriptedVault } from '#test-support';

/**
 * CVE-2024-28849, CVE-2023-45143: a client that follows redirects hands its credentials to whomever the answer names.
 * Authorization is stripped by now, X-Vault-Token is not.
 */
describe('a redirect from Vault', () => {
  let thief: ScriptedVault;
  let vault: ScriptedVault;
  let store: VaultSecretStore;

  beforeEach(async () => {
    thief = await ScriptedVault.start(jsonAnswer(200, {}));
    vault = await ScriptedVault.start(jsonAnswer(500, {}));
    store = new VaultSecretStore({
      settings: {
        address: vault.address,
        auth: { kind: 'approle', roleId: 'postern', secretId: Secret.of('secret-id') },
      },
      clock: new SystemClock(),
    });
  });
  afterEach(() => Promise.all([store.close(), vault.close(), thief.close()]));

  it.each([301, 302, 303, 307, 308])(
    'is not followed, and the token stays (%i)',
    async (status) => {
      const location = `${thief.address}/v1/secret/data/legacy/ledger`;
      vault.answerWith(jsonAnswer(status, {}, { location }));
      const ref = { mount: 'secret', path: 'legacy/ledger' };
      await expect(store.read(ref, 1)).rejects.toMatchObject({ condition: 'unreachable' });
      expect(vault.seen).toHaveLength(1);
      expect(thief.seen).toEqual([]);
    },
  );
});
