import { createRequire } from 'node:module';
import { format } from 'node:util';
import NodeVault from 'node-vault';
import { VaultSecretStore } from '#adapters/vault';
import { Secret, SystemClock } from '#kernel';
import { jsonAnswer, ScriptedVault } from '#test-support';

/**
 * node-vault reads VAULT_TOKEN, VAULT_NAMESPACE, VAULT_PREFIX and VAULT_SKIP_VERIFY by itself, axios reads HTTP_PROXY,
 * and DEBUG=node-vault prints every token and secret id. None of them is a setting of Postern in this place.
 */
describe('the environment behind the settings', () => {
  const before = { ...process.env };
  const started: { close(): Promise<void> }[] = [];
  const opened = <T extends (typeof started)[number]>(part: T): T => {
    started.push(part);
    return part;
  };
  afterEach(async () => {
    process.env = { ...before };
    await Promise.all(started.splice(0).map((part) => part.close()));
  });

  it('neither adds a token or namespace, nor moves the path, nor sends the request elsewhere', async () => {
    const proxy = opened(await ScriptedVault.start(jsonAnswer(200, {})));
    Object.assign(process.env, {
      VAULT_ADDR: proxy.address,
      VAULT_TOKEN: 'token-of-the-environment',
      VAULT_NAMESPACE: 'namespace-of-the-environment',
      VAULT_PREFIX: '/prefix',
      HTTP_PROXY: proxy.address,
      http_proxy: proxy.address,
    });
    const vault = opened(
      await ScriptedVault.start(
        jsonAnswer(200, {
          auth: { client_token: 'from-login', lease_duration: 0, renewable: false },
        }),
      ),
    );
    const store = opened(
      new VaultSecretStore({
        settings: {
          address: vault.address,
          auth: { kind: 'approle', roleId: 'postern', secretId: Secret.of('secret-id') },
        },
        clock: new SystemClock(),
      }),
    );
    await expect(store.read({ mount: 'secret', path: 'a' }, 1)).rejects.toThrow(/KV version 2/);
    expect(vault.seen.map(({ url }) => url)).toEqual([
      '/v1/auth/approle/login',
      '/v1/secret/data/a?version=1',
    ]);
    expect(vault.seen.map(({ headers }) => headers['x-vault-token'])).toEqual([
      undefined,
      'from-login',
    ]);
    expect(vault.seen[0]?.headers).not.toHaveProperty('x-vault-namespace');
    expect(proxy.seen).toEqual([]);
  });

  it('sends the namespace of the settings with every request, the login too', async () => {
    const vault = opened(await ScriptedVault.start(jsonAnswer(403, {})));
    const store = opened(
      new VaultSecretStore({
        settings: {
          address: `${vault.address}/`,
          namespace: 'team-a',
          auth: { kind: 'token', token: Secret.of('a-token') },
        },
        clock: new SystemClock(),
      }),
    );
    await expect(store.read({ mount: 'secret', path: 'a' }, 1)).rejects.toThrow(/refuses/);
    expect(vault.seen.length).toBeGreaterThan(1);
    for (const { headers } of vault.seen) expect(headers['x-vault-namespace']).toBe('team-a');
  });

  describe('DEBUG=node-vault', () => {
    const require = createRequire(import.meta.url);
    const debug = createRequire(require.resolve('node-vault'))('debug') as {
      enable(names: string): void;
      disable(): string;
      log: (...args: unknown[]) => void;
    };
    let printed: string;
    let vault: ScriptedVault;

    beforeEach(async () => {
      printed = '';
      debug.log = (...args) => {
        printed += format(...args);
      };
      debug.enable('node-vault');
      vault = opened(await ScriptedVault.start(jsonAnswer(400, { errors: ['canary-answer'] })));
    });
    afterEach(() => void debug.disable());

    it('makes node-vault print what it sends, by itself', async () => {
      const plain = NodeVault({ endpoint: vault.address, token: 'unused' });
      await expect(plain.write('auth/approle/login', { secret_id: 'canary-5d' })).rejects.toThrow();
      expect(printed).toContain('canary-5d');
    });

    it('prints nothing of ours', async () => {
      const store = opened(
        new VaultSecretStore({
          settings: {
            address: vault.address,
            auth: { kind: 'approle', roleId: 'postern', secretId: Secret.of('canary-5d') },
          },
          clock: new SystemClock(),
        }),
      );
      await expect(store.read({ mount: 'secret', path: 'a' }, 1)).rejects.toThrow(/refuses/);
      expect(vault.seen[0]?.body).toContain('canary-5d');
      expect(printed).toBe('');
    });
  });
});
