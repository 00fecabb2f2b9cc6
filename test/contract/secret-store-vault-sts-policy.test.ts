import { readFile } from 'node:fs/promises';
import { vaultClientSecrets } from '#adapters/issuers';
import { VaultSecretStore } from '#adapters/vault';
import { SecretStoreUnavailable } from '#credentials';
import { Secret, SystemClock } from '#kernel';
import { anIntrospectionRegistration } from '#testing';
import { describeWithServer, type OpenBaoAdmin, openBaoAdmin } from '#test-support';

const clock = new SystemClock();

describeWithServer('the policy of deploy/vault/sts.hcl and no other', 'openbao', () => {
  let admin: OpenBaoAdmin;
  let mount: string;
  let vaultToken: string;
  let store: VaultSecretStore;

  beforeAll(async () => {
    admin = openBaoAdmin();
    mount = await admin.mountKv();
    const own = { client_id: 'postern', client_secret: 'hunter2' };
    await admin.must('POST', `${mount}/data/postern/partner-introspection`, { data: own });
    await admin.must('POST', `${mount}/data/legacy/ledger`, { data: { password: 'first' } });
    // The policy that is shipped, for this run's mount.
    const hcl = await readFile('deploy/vault/sts.hcl', 'utf8');
    const policy = `postern-sts-${mount}`;
    await admin.writePolicy(policy, hcl.replaceAll('"secret/', `"${mount}/`));
    const created = (await admin.must('POST', 'auth/token/create', {
      policies: [policy],
      no_default_policy: true,
      ttl: '5m',
    })) as { auth: { client_token: string } };
    vaultToken = created.auth.client_token;
    const auth = { kind: 'token', token: Secret.of(vaultToken) } as const;
    store = new VaultSecretStore({ settings: { address: admin.address, auth }, clock });
  });
  afterAll(() => store.close());

  const at = (path: string): ReturnType<typeof anIntrospectionRegistration> =>
    anIntrospectionRegistration({ clientSecret: { mount, path } });

  it('reads the client credentials of Postern, knows itself and is ready', async () => {
    const clientSecretOf = vaultClientSecrets({ store, clock });
    const { clientId, clientSecret } = await clientSecretOf(at('postern/partner-introspection'));
    expect([clientId, clientSecret.reveal()]).toEqual(['postern', 'hunter2']);
    expect(await store.status()).toEqual({ condition: 'ready' });
    expect((await admin.ask('POST', 'auth/token/renew-self', {}, vaultToken)).status).toBe(200);
  });

  it('reads no secret of a legacy system, wherever an issuer is registered to have its own', async () => {
    const asked = vaultClientSecrets({ store, clock })(at('legacy/ledger'));
    await expect(asked).rejects.toThrow(SecretStoreUnavailable);
    await expect(asked).rejects.toMatchObject({ condition: 'denied' });
  });

  it.each([
    ['read a legacy secret', 'GET', 'data/legacy/ledger', undefined],
    ['read its metadata', 'GET', 'metadata/legacy/ledger', undefined],
    ['read a secret beside the folder', 'GET', 'data/postern', undefined],
    ['read a folder of a similar name', 'GET', 'data/postern-legacy/ledger', undefined],
    ['write its own secret', 'POST', 'data/postern/partner-introspection', { data: { a: 'b' } }],
    ['patch its own secret', 'PATCH', 'data/postern/partner-introspection', { data: { a: 'b' } }],
    ['delete its own secret', 'DELETE', 'data/postern/partner-introspection', undefined],
    ['destroy a version', 'POST', 'destroy/postern/partner-introspection', { versions: [1] }],
    ['write metadata', 'POST', 'metadata/postern/partner-introspection', { max_versions: 1 }],
    ['erase the path', 'DELETE', 'metadata/postern/partner-introspection', undefined],
    ['list its folder', 'LIST', 'metadata/postern', undefined],
    ['list the mount', 'LIST', 'metadata', undefined],
  ])('cannot %s', async (_what, method, path, body) => {
    const answer = await admin.ask(method, `${mount}/${path}`, body, vaultToken);
    expect(answer.status).toBe(403);
  });

  it.each([
    ['GET', 'sys/mounts'],
    ['POST', 'auth/token/create'],
    ['LIST', 'auth/token/accessors'],
  ])('cannot %s %s', async (method, path) => {
    const body = method === 'POST' ? {} : undefined;
    expect((await admin.ask(method, path, body, vaultToken)).status).toBe(403);
  });
});
