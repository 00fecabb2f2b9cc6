import { randomUUID, verify } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { VaultCheckpointSigner, type VaultSettings } from '#adapters/vault';
import { CheckpointKeyRefused, ed25519Of } from '#audit';
import { SecretStoreUnavailable } from '#credentials';
import { Secret, SystemClock } from '#kernel';
import { describeWithServer, type OpenBaoAdmin, openBaoAdmin } from '#test-support';

const clock = new SystemClock();
const NAME = 'postern-checkpoint';

describeWithServer('checkpoints signed by the transit engine', 'openbao', () => {
  let admin: OpenBaoAdmin;
  let mount: string;
  let settings: VaultSettings;
  let vaultToken: string;
  const signers: VaultCheckpointSigner[] = [];
  const signerFor = (name = NAME): VaultCheckpointSigner => {
    const signer = new VaultCheckpointSigner({ settings, place: { mount, name }, clock });
    signers.push(signer);
    return signer;
  };

  /** Logs in by AppRole, as a relay does, and has nothing but the policy of deploy/vault/relay.hcl, for this mount. */
  beforeAll(async () => {
    admin = openBaoAdmin();
    mount = `transit-${randomUUID()}`;
    await admin.must('POST', `sys/mounts/${mount}`, { type: 'transit' });
    await admin.must('POST', `${mount}/keys/${NAME}`, { type: 'ed25519' });
    await admin.must('POST', `${mount}/keys/another`, { type: 'ed25519' });
    const hcl = await readFile('deploy/vault/relay.hcl', 'utf8');
    await admin.writePolicy(`postern-${mount}`, hcl.replaceAll('"transit/', `"${mount}/`));
    const role = await admin.appRole({
      policies: [`postern-${mount}`],
      withoutDefaultPolicy: true,
    });
    const { roleId: role_id, secretId: secret_id } = role;
    settings = {
      address: admin.address,
      auth: { kind: 'approle', ...role, secretId: Secret.of(secret_id) },
    };
    const login = await admin.must('POST', `auth/${role.mount}/login`, { role_id, secret_id });
    vaultToken = (login as { auth: { client_token: string } }).auth.client_token;
  });
  afterAll(() => Promise.all(signers.map((signer) => signer.close())));

  it('verify with the public key, and are the same for the same text', async () => {
    const signer = signerFor();
    const publicKey = ed25519Of(await signer.publicKey());
    const text = Buffer.from('postern.test/audit\n1\n');
    const signature = await signer.sign(text);
    expect(signature).toHaveLength(64);
    expect(verify(null, text, publicKey, signature)).toBe(true);
    expect(await signer.sign(text)).toEqual(signature);
    expect(verify(null, Buffer.from('another'), publicKey, signature)).toBe(false);
  });

  it('stay with the key that was shown when a new version of it comes', async () => {
    const signer = signerFor();
    const pem = await signer.publicKey();
    const publicKey = ed25519Of(pem);
    await admin.must('POST', `${mount}/keys/${NAME}/rotate`, {});
    const text = Buffer.from('after');
    expect(verify(null, text, publicKey, await signer.sign(text))).toBe(true);
    expect(await signerFor().publicKey()).not.toBe(pem);
  });

  it('are not made with a key that the policy does not name', async () => {
    await expect(signerFor('another').publicKey()).rejects.toThrow(SecretStoreUnavailable);
    await expect(signerFor('another').sign(Buffer.from('x'))).rejects.toThrow(
      'deploy/vault/relay.hcl',
    );
  });

  it.each([
    ['another kind of key', 'rsa-2048'],
    ['one for encryption', 'aes256-gcm96'],
  ])('are refused of %s', async (_, type) => {
    const name = `key-${randomUUID()}`;
    await admin.must('POST', `${mount}/keys/${name}`, { type });
    const signer = new VaultCheckpointSigner({
      settings: { ...settings, auth: { kind: 'token', token: Secret.of(admin.rootToken) } },
      ...{ place: { mount, name }, clock },
    });
    signers.push(signer);
    await expect(signer.publicKey()).rejects.toThrow(
      type === 'aes256-gcm96' ? /signed|Ed25519/ : CheckpointKeyRefused,
    );
  });

  it.each([
    ['rotate the key', 'POST', `keys/${NAME}/rotate`],
    ['export the key', 'GET', `export/signing-key/${NAME}`],
    ['delete the key', 'DELETE', `keys/${NAME}`],
    ['make keys', 'POST', 'keys/mine'],
    ['list keys', 'LIST', 'keys'],
  ])('do not permit the relay to %s', async (_, method, path) => {
    const { status } = await admin.ask(method, `${mount}/${path}`, {}, vaultToken);
    expect(status).toBe(403);
  });
});
