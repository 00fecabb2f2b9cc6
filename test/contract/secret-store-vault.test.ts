import { VaultSecretStore, type VaultSettings } from '#adapters/vault';
import { type SecretRef } from '#credentials';
import { Secret, SystemClock } from '#kernel';
import {
  secretStoreContract,
  secretWithdrawalContract,
  type WithdrawingStoreUnderTest,
} from '#testing';
import { describeWithServer, type OpenBaoAdmin, openBaoAdmin } from '#test-support';

const addressOf = (ref: SecretRef): string => ref.path.split('/').map(encodeURIComponent).join('/');

/** The contract's admin side, over the HTTP API with the root token. */
function adminSide(
  admin: OpenBaoAdmin,
): Omit<WithdrawingStoreUnderTest, 'store' | 'mount' | 'close'> {
  const at = (ref: SecretRef, kind: string): string => `${ref.mount}/${kind}/${addressOf(ref)}`;
  return {
    put: async (ref, fields) => {
      const data = Object.fromEntries([...fields].map(([name, secret]) => [name, secret.reveal()]));
      const written = (await admin.must('POST', at(ref, 'data'), { data })) as {
        data: { version: number };
      };
      return written.data.version;
    },
    delete: async (ref, version) => {
      await admin.must('POST', at(ref, 'delete'), { versions: [version] });
    },
    undelete: async (ref, version) => {
      await admin.must('POST', at(ref, 'undelete'), { versions: [version] });
    },
    destroy: async (ref, version) => {
      await admin.must('POST', at(ref, 'destroy'), { versions: [version] });
    },
    erase: async (ref) => {
      await admin.must('DELETE', at(ref, 'metadata'));
    },
  };
}

describeWithServer('the Vault secret store', 'openbao', () => {
  const make = async (): Promise<WithdrawingStoreUnderTest> => {
    const admin = openBaoAdmin();
    const mount = await admin.mountKv();
    // As much as deploy/vault/proxy.hcl gives, for a mount whose paths the contract makes up as it goes.
    await admin.writePolicy(
      `postern-contract-${mount}`,
      `path "${mount}/data/*" { capabilities = ["read"] }
       path "${mount}/metadata/*" { capabilities = ["read"] }`,
    );
    const role = await admin.appRole({ policies: [`postern-contract-${mount}`] });
    const settings: VaultSettings = {
      address: admin.address,
      auth: { kind: 'approle', ...role, secretId: Secret.of(role.secretId) },
    };
    const store = new VaultSecretStore({ settings, clock: new SystemClock() });
    return { store, mount, ...adminSide(admin), close: () => store.close() };
  };

  secretStoreContract(make);
  secretWithdrawalContract(make);
});
