import { z } from 'zod';
import { CheckpointKeyRefused, CheckpointSigner, publicKeyOf } from '#audit';
import { type SecretStoreUnavailable } from '#credentials';
import { type Clock } from '#kernel';
import { VaultClient } from './vault-client.js';
import { type Asked, refusalOf } from './vault-reply.js';
import { VaultSession } from './vault-session.js';
import { assertUsable, type VaultSettings } from './vault-settings.js';

export interface VaultCheckpointSignerParts {
  readonly settings: VaultSettings;
  /** An Ed25519 key of the transit engine. */
  readonly place: { readonly mount: string; readonly name: string };
  readonly clock: Clock;
  /** Told when the renewal of our login fails. Must not throw. */
  readonly onProblem?: (problem: SecretStoreUnavailable) => void;
}

const SIGNATURE = /^vault:v[1-9][0-9]*:([A-Za-z0-9+/=]+)$/;

const keyAnswer = z.object({
  data: z.object({
    type: z.string(),
    latest_version: z.int().positive(),
    keys: z.record(z.string(), z.object({ public_key: z.string() })),
  }),
});
const signAnswer = z.object({ data: z.object({ signature: z.string().regex(SIGNATURE) }) });

/**
 * Signs with a key of Vault's or OpenBao's transit engine, which never gives it away: who takes over this process can sign
 * while he is in it, and leaves a line in Vault's audit log each time. Needs `read` on `<mount>/keys/<name>` and `update`
 * on `<mount>/sign/<name>`; deploy/vault/relay.hcl shows the policy. Stays with the version of the key that was the newest
 * when it was first asked. Nothing is contacted before the first call.
 */
export class VaultCheckpointSigner extends CheckpointSigner {
  readonly #client: VaultClient;
  readonly #session: VaultSession;
  readonly #place: { readonly keys: string; readonly sign: string };
  #version: number | undefined;

  /** @throws VaultSettingsRefused */
  constructor({ settings, place, clock, onProblem = () => undefined }: VaultCheckpointSignerParts) {
    super();
    assertUsable(settings);
    this.#client = new VaultClient(settings);
    const { auth } = settings;
    this.#session = new VaultSession({ client: this.#client, auth, clock, onProblem });
    const mount = place.mount.split('/').map(encodeURIComponent).join('/');
    const name = encodeURIComponent(place.name);
    this.#place = { keys: `${mount}/keys/${name}`, sign: `${mount}/sign/${name}` };
  }

  override async publicKey(): Promise<string> {
    const path = this.#place.keys;
    const reply = await this.#session.get(path);
    const answer = keyAnswer.safeParse(reply.body);
    if (reply.status === 404 || (answer.success && answer.data.data.type !== 'ed25519')) {
      throw new CheckpointKeyRefused(`${path} is no Ed25519 key of a transit engine`);
    }
    if (reply.status !== 200 || !answer.success) throw refusalOf(reply, askedFor(path));
    const { keys, latest_version: version } = answer.data.data;
    this.#version = version;
    const raw = Buffer.from(keys[String(version)]?.public_key ?? '', 'base64');
    return publicKeyOf(raw).export({ type: 'spki', format: 'pem' }).toString();
  }

  override async sign(text: Uint8Array): Promise<Uint8Array> {
    const body = {
      input: Buffer.from(text).toString('base64'),
      ...(this.#version === undefined ? {} : { key_version: this.#version }),
    };
    const path = this.#place.sign;
    const reply = await this.#session.send({ method: 'POST', path, body });
    const answer = signAnswer.safeParse(reply.body);
    if (reply.status !== 200 || !answer.success) throw refusalOf(reply, askedFor(path));
    return Buffer.from(SIGNATURE.exec(answer.data.data.signature)?.[1] ?? '', 'base64');
  }

  /** Stops renewing and closes the connections; requests under way fail. */
  async close(): Promise<void> {
    this.#session.close();
    await this.#client.close();
  }
}

const askedFor = (path: string): Asked => ({
  what: `${path}, which checkpoints are signed with`,
  remedy: 'the policy of our token must permit it, as deploy/vault/relay.hcl shows',
});
