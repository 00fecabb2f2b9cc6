import NodeVault from 'node-vault';
import { SecretStoreUnavailable } from '#credentials';
import { type Secret } from '#kernel';
import { conditionOf, VaultNotReached } from './vault-failure.js';
import { type VaultReply } from './vault-reply.js';
import { caPemOf, type VaultSettings } from './vault-settings.js';
import {
  type ConnectionUse,
  type TransportRequest,
  type VaultMethod,
  VaultTransport,
} from './vault-transport.js';

export interface VaultRequest {
  readonly method: VaultMethod;
  /** Below `/v1/`, percent-encoded. */
  readonly path: string;
  readonly token?: Secret;
  readonly body?: object;
}

/** node-vault, told everything, so that it takes nothing from the environment and logs nothing. */
export class VaultClient {
  readonly #transport: VaultTransport;
  readonly #vault: NodeVault.client;
  readonly #origin: string;

  /** @throws VaultSettingsRefused */
  constructor(settings: VaultSettings, use: ConnectionUse = 'kept') {
    this.#transport = new VaultTransport(caPemOf(settings), use);
    this.#origin = new URL(settings.address).origin;
    const send = (outgoing: TransportRequest): unknown => this.#transport.send(outgoing);
    this.#vault = NodeVault({
      endpoint: settings.address.replace(/\/+$/, ''),
      'request-promise': { defaults: () => send },
      // With DEBUG=node-vault it would print tokens and secret ids.
      debug: () => undefined,
    });
    // Left out, node-vault takes each of these from VAULT_TOKEN, VAULT_NAMESPACE and VAULT_PREFIX.
    Object.assign(this.#vault, {
      token: '',
      namespace: settings.namespace ?? '',
      pathPrefix: '',
    });
  }

  /** @throws SecretStoreUnavailable when no answer came: VaultNotReached when nothing was sent either. */
  async send({ method, path, token, body }: VaultRequest): Promise<VaultReply> {
    // The headers are an object of this request's own: node-vault writes into it.
    const headers = token === undefined ? {} : { 'X-Vault-Token': token.reveal() };
    try {
      const answer: unknown = await this.#vault.request({
        method,
        path: `/${path}`,
        headers,
        ...(body === undefined ? {} : { json: body }),
      });
      return { status: 200, body: answer };
    } catch (error) {
      const reply = replyIn(error);
      if (reply !== undefined) return reply;
      const message = `Vault at ${this.#origin} gives no answer: ${conditionOf(error)}`;
      if (this.#transport.wasNotSent(error)) throw new VaultNotReached(message);
      throw new SecretStoreUnavailable('unreachable', message);
    }
  }

  async close(): Promise<void> {
    await this.#transport.close();
  }
}

/** node-vault throws every answer but 200 and 204. */
function replyIn(error: unknown): VaultReply | undefined {
  const { response } = error as { response?: { statusCode: number; body: unknown } };
  return response === undefined ? undefined : { status: response.statusCode, body: response.body };
}
