import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { VaultSecretStore, type VaultSettings, VaultSettingsRefused } from '#adapters/vault';
import { Secret, SystemClock } from '#kernel';

const auth = { kind: 'token', token: Secret.of('canary-of-a-vault-token') } as const;
const approle = { kind: 'approle', roleId: 'role', secretId: Secret.of('secret-id') } as const;
const address = 'http://127.0.0.1:8200';

const open = (settings: VaultSettings): VaultSecretStore =>
  new VaultSecretStore({ settings, clock: new SystemClock() });

describe('the Vault settings', () => {
  it.each([
    ['no URL', { address: 'vault', auth }, /VAULT_ADDR/],
    ['another scheme', { address: 'file:///etc/passwd', auth }, /VAULT_ADDR/],
    ['a user in the address', { address: 'http://root@127.0.0.1:8200', auth }, /VAULT_ADDR/],
    ['a query in the address', { address: `${address}?a=b`, auth }, /VAULT_ADDR/],
    ['an empty token', { address, auth: { ...auth, token: Secret.of('') } }, /VAULT_TOKEN/],
    [
      'a line end in the token',
      { address, auth: { ...auth, token: Secret.of('canary\r\nX: y') } },
      /VAULT_TOKEN/,
    ],
    ['an empty role id', { address, auth: { ...approle, roleId: '' } }, /VAULT_ROLE_ID/],
    [
      'an empty secret id',
      { address, auth: { ...approle, secretId: Secret.of('') } },
      /VAULT_SECRET_ID/,
    ],
    ['an empty role', { address, auth: { kind: 'jwt', role: '', jwtFile: '/x' } }, /VAULT_ROLE/],
    ['an empty namespace', { address, auth, namespace: '' }, /VAULT_NAMESPACE/],
    ['a CA file that is not there', { address, auth, caFile: '/nowhere.pem' }, /VAULT_CACERT/],
  ] satisfies [string, VaultSettings, RegExp][])(
    'are refused with %s, by name',
    (_what, settings, name) => {
      expect(() => open(settings)).toThrow(VaultSettingsRefused);
      expect(() => open(settings)).toThrow(name);
      expect(() => open(settings)).not.toThrow(/canary/);
    },
  );

  it('are refused with a CA file that holds no certificate', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'postern-ca-'));
    const caFile = path.join(folder, 'ca.pem');
    await writeFile(caFile, 'nothing');
    expect(() => open({ address, auth, caFile })).toThrow(/without a certificate/);
    await rm(folder, { recursive: true });
  });

  it('contact nobody by themselves', async () => {
    await open({ address: 'http://127.0.0.1:9/', auth }).close();
  });
});
