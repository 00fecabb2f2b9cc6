import { SecretStoreUnavailable } from '#credentials';

/** What Vault answered, whatever the status. The body may hold secrets: it stays in this folder. */
export interface VaultReply {
  readonly status: number;
  readonly body: unknown;
}

/** What we asked Vault for, as a noun, and what an operator can do when it says no. */
export interface Asked {
  readonly what: string;
  readonly remedy: string;
}

/** Vault answered, and not with what was asked for. Nothing of the body goes into the message. */
export function refusalOf(reply: VaultReply, { what, remedy }: Asked): SecretStoreUnavailable {
  const { status } = reply;
  if (saysSealed(reply)) {
    const message = `Vault is sealed, so it cannot answer ${what}: a Vault admin has to unseal it`;
    return new SecretStoreUnavailable('sealed', message);
  }
  if (status === 400 || status === 403 || status === 405) {
    return new SecretStoreUnavailable('denied', `Vault refuses ${what} (${status}): ${remedy}`);
  }
  return new SecretStoreUnavailable(
    'unreachable',
    `Vault answers ${what} with ${meaningOf(status)}`,
  );
}

function meaningOf(status: number): string {
  if (status === 200) return 'another shape than the API has; is VAULT_ADDR a Vault?';
  if (status >= 300 && status < 400) {
    return `${status}; redirects are not followed, is VAULT_ADDR right?`;
  }
  return `${status}; it is asked again with the next call`;
}

/** Vault is sealed: it has looked at nothing of the request. */
export const saysSealed = ({ status, body }: VaultReply): boolean =>
  status === 503 && /sealed/i.test(JSON.stringify(body ?? ''));
