import {
  refText,
  SecretMalformed,
  SecretNotFound,
  type SecretRef,
  SecretStore,
  SecretStoreUnavailable,
  type SecretVersion,
  type VersionMark,
} from '#credentials';
import { type Clock } from '#kernel';
import { markIn, versionIn } from './kv-answer.js';
import { kvPath } from './kv-path.js';
import { VaultClient } from './vault-client.js';
import { type Asked, refusalOf, type VaultReply } from './vault-reply.js';
import { lookup } from './vault-login.js';
import { VaultSession } from './vault-session.js';
import { assertUsable, type VaultSettings } from './vault-settings.js';

export interface VaultSecretStoreOptions {
  readonly settings: VaultSettings;
  readonly clock: Clock;
  /** Told when the renewal of our login fails; reads go on while the token lives. Must not throw. */
  readonly onProblem?: (problem: SecretStoreUnavailable) => void;
}

export type SecretStoreStatus =
  | { readonly condition: 'ready' }
  | { readonly condition: SecretStoreUnavailable['condition']; readonly message: string };

/**
 * Secrets in Vault or OpenBao, KV version 2. Needs `read` on `<mount>/data/<path>` and `<mount>/metadata/<path>` of
 * the registered paths and nothing else; deploy/vault shows the policy. Nothing is contacted before the first call.
 */
export class VaultSecretStore extends SecretStore {
  readonly #client: VaultClient;
  readonly #session: VaultSession;
  readonly #clock: Clock;

  /** @throws VaultSettingsRefused */
  constructor({ settings, clock, onProblem = () => undefined }: VaultSecretStoreOptions) {
    super();
    assertUsable(settings);
    this.#client = new VaultClient(settings);
    this.#clock = clock;
    this.#session = new VaultSession({
      client: this.#client,
      auth: settings.auth,
      clock,
      onProblem,
    });
  }

  override async currentVersion(ref: SecretRef): Promise<VersionMark> {
    // The metadata, not the data without a version: so a poll moves no secret.
    const reply = await this.#session.get(kvPath(ref, 'metadata'));
    if (reply.status === 404) throw new SecretNotFound(ref);
    if (reply.status !== 200) throw refusalOf(reply, readOf(`the metadata of ${refText(ref)}`));
    return markIn(reply.body, ref, this.#clock.now());
  }

  override async read(ref: SecretRef, version: number): Promise<SecretVersion> {
    const path = kvPath(ref, 'data');
    // To Vault version 0 is the newest, whichever that is.
    if (!Number.isSafeInteger(version) || version < 1) throw new SecretNotFound(ref, version);
    const reply = await this.#session.get(`${path}?version=${version}`);
    if (reply.status === 404) throw new SecretNotFound(ref, version);
    if (reply.status !== 200) throw refusalOf(reply, readOf(`${refText(ref)}, version ${version}`));
    const read = versionIn(reply.body, ref);
    if (read.version !== version) throw new SecretMalformed(ref, 'Vault gave another version');
    return read;
  }

  /**
   * For the start of a process: without this login no call could be served.
   * @throws SecretStoreUnavailable
   */
  async requireReady(): Promise<void> {
    const status = await this.status();
    if (status.condition !== 'ready') {
      throw new SecretStoreUnavailable(status.condition, status.message);
    }
  }

  /** For readiness: whether Vault answers and knows our login. Never throws. */
  async status(): Promise<SecretStoreStatus> {
    try {
      const reply: VaultReply = await this.#session.get('auth/token/lookup-self');
      if (reply.status === 200) return { condition: 'ready' };
      throw refusalOf(reply, lookup);
    } catch (error) {
      const { condition, message } = error as SecretStoreUnavailable;
      return { condition, message };
    }
  }

  /** Stops renewing and closes the connections; requests under way fail. */
  async close(): Promise<void> {
    this.#session.close();
    await this.#client.close();
  }
}

const readOf = (what: string): Asked => ({
  what: `the read of ${what}`,
  remedy: 'the policy of our token must permit it, as deploy/vault/proxy.hcl shows',
});
