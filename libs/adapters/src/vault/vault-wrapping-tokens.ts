import { type Secret } from '#kernel';
import { type Unwrapped, type WrapLookup, WrappingTokens } from '#rotation';
import { VaultClient } from './vault-client.js';
import { VaultNotReached } from './vault-failure.js';
import { refusalOf, saysSealed, type VaultReply } from './vault-reply.js';
import { assertUsable, type VaultSettings } from './vault-settings.js';
import { fieldsIn, lookUpIn, saysUnknown } from './wrap-answer.js';
import { namespaceOf } from './wrap-namespace.js';

const CHARACTERS_MAX = 4_096;
/** What can be the text of a header; a wrapping token is such a text. */
const HEADER_TEXT = /^[\x21-\x7e]+$/;

const REMEDY =
  'a proxy in front of Vault must let sys/wrapping/lookup and sys/wrapping/unwrap through; no policy is needed';
const lookUpAsked = { what: 'the look-up of a wrapping token', remedy: REMEDY };
const unwrapAsked = { what: 'the unwrapping of a wrapping token', remedy: REMEDY };

/**
 * Response wrapping of Vault or OpenBao. A wrapping token is the client token of its requests and nothing else: with
 * another client token, or in the body beside itself, Vault uses it up and gives nothing. So this has no login and needs
 * no policy. Every request has a connection of its own: a kept one may be closed under it, and nobody could say whether
 * the token was used up.
 */
export class VaultWrappingTokens extends WrappingTokens {
  readonly #client: VaultClient;

  /** @throws VaultSettingsRefused */
  constructor({ settings }: { readonly settings: VaultSettings }) {
    super();
    assertUsable(settings);
    this.#client = new VaultClient(settings, 'fresh');
  }

  override async lookUp(wrappingToken: Secret): Promise<WrapLookup | undefined> {
    if (!canBeSent(wrappingToken)) return undefined;
    // A look-up does not count as a use.
    const reply = await this.#send('lookup', wrappingToken);
    if (isUnknown(reply)) return undefined;
    const told = reply.status === 200 ? lookUpIn(reply.body) : undefined;
    if (told === undefined) throw refusalOf(reply, lookUpAsked);
    const namespace = namespaceOf(wrappingToken);
    return namespace === undefined ? told : { ...told, namespace };
  }

  override async unwrap(wrappingToken: Secret): Promise<Unwrapped> {
    if (!canBeSent(wrappingToken)) return { failed: 'unknown' };
    const reply = await this.#send('unwrap', wrappingToken).catch((error: unknown) => {
      if (error instanceof VaultNotReached) throw error;
      return undefined; // Cut or too late: Vault ends the token before it answers.
    });
    if (reply === undefined) return { failed: 'lost' };
    if (isUnknown(reply)) return { failed: 'unknown' };
    if (wasNotLookedAt(reply)) throw refusalOf(reply, unwrapAsked);
    const fields = reply.status === 200 ? fieldsIn(reply.body) : undefined;
    return fields === undefined ? { failed: 'lost' } : { fields };
  }

  /** Closes the connections; requests under way fail. */
  async close(): Promise<void> {
    await this.#client.close();
  }

  #send(what: 'lookup' | 'unwrap', token: Secret): Promise<VaultReply> {
    return this.#client.send({ method: 'POST', path: `sys/wrapping/${what}`, token });
  }
}

function canBeSent(wrappingToken: Secret): boolean {
  const text = wrappingToken.reveal();
  return text.length <= CHARACTERS_MAX && HEADER_TEXT.test(text);
}

const isUnknown = ({ status, body }: VaultReply): boolean => status === 400 && saysUnknown(body);

/** Sealed, redirected to another node, behind in replication (412) or over a quota (429): before any look at the token. */
const wasNotLookedAt = (reply: VaultReply): boolean =>
  saysSealed(reply) ||
  (reply.status >= 300 && reply.status < 400) ||
  reply.status === 412 ||
  reply.status === 429;
