import { refText, type SecretRef } from '#credentials';
import { type Clock } from '#kernel';
import {
  PENDING_SECONDS,
  pendingRef,
  RotatedSecrets,
  type SecretFields,
  SecretMoved,
} from '#rotation';
import {
  type KnownVersions,
  saysAbsent,
  saysMoved,
  versionIn,
  versionsIn,
  writtenIn,
} from './kv-answer.js';
import { bodyOfFields } from './kv-fields.js';
import { kvPath } from './kv-path.js';
import { VaultClient, type VaultRequest } from './vault-client.js';
import { refusalOf, type VaultReply } from './vault-reply.js';
import { type VaultSecretStoreOptions } from './vault-secret-store.js';
import { VaultSession } from './vault-session.js';
import { assertUsable } from './vault-settings.js';

/**
 * Writes secrets of KV version 2 in Vault or OpenBao. Needs what deploy/vault/rotator.hcl gives, for the registered
 * paths and nothing else. Has a login of its own. Nothing is contacted before the first call.
 */
export class VaultRotatedSecrets extends RotatedSecrets {
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

  override async stage(ref: SecretRef, rotationId: string, fields: SecretFields): Promise<void> {
    const pending = pendingRef(ref, rotationId);
    const path = kvPath(pending, 'metadata');
    bodyOfFields(fields, pending);
    // Before the value: Vault sets the time of deletion when it writes a version. It hides the value then, and an
    // administrator can undelete it; only `discard` erases it.
    const body = {
      delete_version_after: `${PENDING_SECONDS}s`,
      custom_metadata: { rotation_id: rotationId },
    };
    await this.#must({ method: 'POST', path, body }, `the time of life of ${refText(pending)}`);
    if ((await this.#writeAfter(pending, 0, fields)) !== undefined) return;
    const known = await this.#versions(pending);
    // A check-and-set of 0 is refused as well where a value was, and went away by itself. It is written after that one:
    // of two processes that see this at once, one writes.
    if (known.newest > 0 && !known.newestIsReadable) {
      await this.#writeAfter(pending, known.newest, fields);
    }
  }

  override async staged(ref: SecretRef, rotationId: string): Promise<SecretFields | undefined> {
    const pending = pendingRef(ref, rotationId);
    const asked = { method: 'GET', path: kvPath(pending, 'data') } as const;
    const reply = await this.#must(asked, `the read of ${refText(pending)}`);
    return reply.status === 404 ? undefined : versionIn(reply.body, pending).fields;
  }

  override async discard(ref: SecretRef, rotationId: string): Promise<void> {
    const pending = pendingRef(ref, rotationId);
    // The metadata: with it every version is erased, and cannot be undeleted.
    const asked = { method: 'DELETE', path: kvPath(pending, 'metadata') } as const;
    await this.#must(asked, `the removal of ${refText(pending)}`);
  }

  override async write(
    ref: SecretRef,
    { after, token }: { readonly after: number; readonly token: string },
    fields: SecretFields,
  ): Promise<number> {
    const version = await this.#writeAfter(ref, after, fields);
    if (version === undefined) {
      throw new SecretMoved(
        `${refText(ref)} is not at version ${after} any more: somebody else wrote it, and nothing was written`,
      );
    }
    await this.#markWriter(ref, token);
    return version;
  }

  override async destroy(ref: SecretRef, version: number): Promise<void> {
    const { newest } = await this.#versions(ref);
    if (version < 1 || version > newest) return;
    // A path that was erased and written again counts from 1: what is the newest there is somebody's new value.
    if (version === newest) {
      throw new SecretMoved(
        `version ${version} of ${refText(ref)} is the newest one, which calls use: it is not destroyed`,
      );
    }
    const path = kvPath(ref, 'destroy');
    const asked = { method: 'POST', path, body: { versions: [version] } } as const;
    await this.#must(asked, `the end of version ${version} of ${refText(ref)}`);
  }

  /** Stops renewing and closes the connections; requests under way fail. */
  async close(): Promise<void> {
    this.#session.close();
    await this.#client.close();
  }

  /** The number of the new version; undefined when `after` is not the newest one. */
  async #writeAfter(
    ref: SecretRef,
    after: number,
    fields: SecretFields,
  ): Promise<number | undefined> {
    const body = { options: { cas: after }, data: bodyOfFields(fields, ref) };
    const reply = await this.#session.send({ method: 'POST', path: kvPath(ref, 'data'), body });
    if (reply.status === 400 && saysMoved(reply.body)) return undefined;
    const version = reply.status === 200 ? writtenIn(reply.body) : undefined;
    if (version === undefined) throw refusalOf(reply, askedFor(`the write of ${refText(ref)}`));
    return version;
  }

  /**
   * Tells administrators who wrote. It belongs to the path, not to the version, and comes after the write: an older mark
   * may stand there, or none, or somebody may have written since. It proves nothing, so that its failure is none of ours.
   */
  async #markWriter(ref: SecretRef, token: string): Promise<void> {
    const body = { custom_metadata: { rotation_id: token } };
    const asked = { method: 'PATCH', path: kvPath(ref, 'metadata'), body } as const;
    await this.#session.send(asked).catch(() => undefined);
  }

  async #versions(ref: SecretRef): Promise<KnownVersions> {
    const asked = { method: 'GET', path: kvPath(ref, 'metadata') } as const;
    const reply = await this.#must(asked, `the metadata of ${refText(ref)}`);
    if (reply.status === 404) return { newest: 0, newestIsReadable: false };
    return versionsIn(reply.body, ref, this.#clock.now());
  }

  /** Done, or 404: there is nothing there. @throws SecretStoreUnavailable */
  async #must(asked: Omit<VaultRequest, 'token'>, what: string): Promise<VaultReply> {
    const reply = await this.#session.send(asked);
    if (reply.status === 200 || (reply.status === 404 && saysAbsent(reply.body))) return reply;
    throw refusalOf(reply, askedFor(what));
  }
}

const askedFor = (what: string): { what: string; remedy: string } => ({
  what,
  remedy: 'the policy of our token must permit it, as deploy/vault/rotator.hcl shows',
});
