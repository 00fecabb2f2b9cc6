import { VaultRotatedSecrets, VaultSecretStore, type VaultSettings } from '#adapters/vault';
import { type SecretRef } from '#credentials';
import { Secret, SystemClock } from '#kernel';
import { pendingRef } from '#rotation';
import { rotatedSecretsContract, type RotatedSecretsUnderTest } from '#testing';
import { describeWithServer, type OpenBaoAdmin, openBaoAdmin } from '#test-support';

const clock = new SystemClock();

interface Kv {
  readonly data: {
    readonly current_version: number;
    readonly custom_metadata: Record<string, string> | null;
    readonly versions: Record<string, { deletion_time: string }>;
  };
}

describeWithServer('the rotated secrets of Vault', 'openbao', () => {
  let admin: OpenBaoAdmin;

  const make = async (): Promise<RotatedSecretsUnderTest & { secrets: VaultRotatedSecrets }> => {
    admin = openBaoAdmin();
    const mount = await admin.mountKv();
    // As much as deploy/vault/rotator.hcl gives, for a mount whose paths the contract makes up as it goes.
    await admin.writePolicy(
      `postern-rotator-${mount}`,
      `path "${mount}/data/*" { capabilities = ["create", "read", "update"] }
       path "${mount}/metadata/*" { capabilities = ["create", "read", "update", "patch", "delete"] }
       path "${mount}/destroy/*" { capabilities = ["update"] }`,
    );
    const role = await admin.appRole({ policies: [`postern-rotator-${mount}`] });
    const settings: VaultSettings = {
      address: admin.address,
      auth: { kind: 'approle', ...role, secretId: Secret.of(role.secretId) },
    };
    const secrets = new VaultRotatedSecrets({ settings, clock });
    const store = new VaultSecretStore({ settings, clock });
    return {
      secrets,
      store,
      mount,
      put: async (ref, fields) => {
        const data = Object.fromEntries(
          [...fields].map(([name, secret]) => [name, secret.reveal()]),
        );
        const written = (await admin.must('POST', at(ref, 'data'), { data })) as {
          data: { version: number };
        };
        return written.data.version;
      },
      // What Vault does when the time of deletion has come.
      expire: async (ref, rotationId) => {
        const pending = pendingRef(ref, rotationId);
        await admin.must('POST', at(pending, 'delete'), { versions: [1] });
      },
      close: async () => {
        await secrets.close();
        await store.close();
      },
    };
  };

  rotatedSecretsContract(make);

  describe('in KV version 2', () => {
    let tested: Awaited<ReturnType<typeof make>>;
    let ref: SecretRef;
    const fields = new Map([['password', Secret.of('first')]]);
    const rotationId = 'rot_0000000000000000000000';

    beforeAll(async () => {
      tested = await make();
    });
    beforeEach(() => {
      ref = { mount: tested.mount, path: `legacy/${crypto.randomUUID()}` };
    });
    afterAll(() => tested.close());

    const metadata = async (of: SecretRef): Promise<Kv['data']> =>
      ((await admin.must('GET', at(of, 'metadata'))) as Kv).data;

    it('a pending value names its rotation, and Vault hides it after 30 days', async () => {
      await tested.secrets.stage(ref, rotationId, fields);
      const { custom_metadata, versions } = await metadata(pendingRef(ref, rotationId));
      expect(custom_metadata).toEqual({ rotation_id: rotationId });
      const days = (Date.parse(versions['1']!.deletion_time) - clock.now().getTime()) / 86_400_000;
      expect(days).toBeGreaterThan(29.9);
      expect(days).toBeLessThan(30.1);
    });

    it('nothing of a discarded value is left to undelete', async () => {
      await tested.secrets.stage(ref, rotationId, fields);
      await tested.secrets.discard(ref, rotationId);
      const pending = pendingRef(ref, rotationId);
      await admin.ask('POST', at(pending, 'undelete'), { versions: [1] });
      expect((await admin.ask('GET', at(pending, 'data'))).status).toBe(404);
      expect((await admin.ask('GET', at(pending, 'metadata'))).status).toBe(404);
    });

    it('a version is marked with who wrote it, and the marks of administrators stay', async () => {
      await admin.must('POST', at(ref, 'metadata'), { custom_metadata: { owner: 'ledger team' } });
      await tested.secrets.write(ref, { after: 0, token: 'a-rotation' }, fields);
      expect((await metadata(ref)).custom_metadata).toEqual({
        owner: 'ledger team',
        rotation_id: 'a-rotation',
      });
    });

    it('is written after a newest version that was deleted, destroyed or has no readable one', async () => {
      await tested.put(ref, fields);
      await admin.must('DELETE', at(ref, 'data'));
      expect(await tested.secrets.write(ref, { after: 1, token: 'a' }, fields)).toBe(2);
      await admin.must('POST', at(ref, 'destroy'), { versions: [2] });
      expect(await tested.secrets.write(ref, { after: 2, token: 'b' }, fields)).toBe(3);
      expect((await tested.store.read(ref, 3)).version).toBe(3);
    });

    it('is not destroyed when its path was erased and an administrator began anew', async () => {
      await tested.put(ref, fields);
      await tested.put(ref, fields);
      await admin.must('DELETE', at(ref, 'metadata'));
      await tested.put(ref, fields);
      await expect(tested.secrets.destroy(ref, 1)).rejects.toMatchObject({ code: 'secret-moved' });
      expect((await tested.store.read(ref, 1)).version).toBe(1);
    });

    it('is refused by a text that Vault would change', async () => {
      const half = new Map([['password', Secret.of('half \ud800 a pair')]]);
      const write = tested.secrets.write(ref, { after: 0, token: 'a' }, half);
      await expect(write).rejects.toMatchObject({ code: 'credential-unavailable' });
      await expect(write).rejects.toThrow(/surrogate/);
      expect((await admin.ask('GET', at(ref, 'metadata'))).status).toBe(404);
    });

    it('is neither written nor said to be absent in a mount that is not there', async () => {
      const odd = { mount: 'nowhere', path: 'legacy/ledger' };
      for (const call of [
        () => tested.secrets.stage(odd, rotationId, fields),
        () => tested.secrets.staged(odd, rotationId),
        () => tested.secrets.discard(odd, rotationId),
        () => tested.secrets.write(odd, { after: 0, token: 'a' }, fields),
        () => tested.secrets.destroy(odd, 1),
      ]) {
        await expect(call()).rejects.toMatchObject({ code: 'credential-unavailable' });
      }
    });

    it('is not said to be written in a mount of another kind', async () => {
      const odd = { mount: 'cubbyhole', path: 'legacy/ledger' };
      const { secrets } = tested;
      await expect(secrets.stage(odd, rotationId, fields)).rejects.toThrow(/another shape/);
      const write = secrets.write(odd, { after: 0, token: 'a' }, fields);
      await expect(write).rejects.toThrow(/another shape/);
    });
  });
});

const at = (ref: SecretRef, kind: string): string =>
  `${ref.mount}/${kind}/${ref.path.split('/').map(encodeURIComponent).join('/')}`;
