import { readFileSync } from 'node:fs';
import { PosternError, type Secret } from '#kernel';

/** How Postern proves to Vault who it is. `mount` is where the auth method is enabled; default: its own name. */
export type VaultAuth =
  | { readonly kind: 'token'; readonly token: Secret }
  | {
      readonly kind: 'approle';
      readonly roleId: string;
      readonly secretId: Secret;
      readonly mount?: string;
    }
  | {
      readonly kind: 'kubernetes' | 'jwt';
      readonly role: string;
      /** Read anew at each login: the platform renews it. At most 64 KiB. */
      readonly jwtFile: string;
      readonly mount?: string;
    };

export interface VaultSettings {
  /** `http(s)://host:port`, as VAULT_ADDR. */
  readonly address: string;
  /** PEM, as VAULT_CACERT; then only these authorities are trusted. */
  readonly caFile?: string;
  /** As VAULT_NAMESPACE. */
  readonly namespace?: string;
  readonly auth: VaultAuth;
}

/** The settings cannot work. The message names the setting by its environment variable. */
export class VaultSettingsRefused extends PosternError {
  override readonly code = 'vault-settings-refused';
}

/** @throws VaultSettingsRefused */
export function assertUsable(settings: VaultSettings): void {
  const address = URL.canParse(settings.address) ? new URL(settings.address) : undefined;
  if (address === undefined || !/^https?:$/.test(address.protocol)) {
    throw new VaultSettingsRefused('VAULT_ADDR must be an http or https URL');
  }
  if (address.username + address.password + address.search + address.hash !== '') {
    throw new VaultSettingsRefused('VAULT_ADDR must not hold a user, a query or a fragment');
  }
  // A line end in what becomes a header or a path would be refused later, with the value in the message.
  for (const [name, text] of spoken(settings)) {
    if (text === '' || /[\p{Cc}\p{Cs}]/u.test(text)) {
      throw new VaultSettingsRefused(`${name} is empty or holds a control character`);
    }
  }
}

function spoken({ namespace, auth }: VaultSettings): [name: string, text: string][] {
  const shared: [string, string][] =
    namespace === undefined ? [] : [['VAULT_NAMESPACE', namespace]];
  switch (auth.kind) {
    case 'token':
      return [...shared, ['VAULT_TOKEN', auth.token.reveal()]];
    case 'approle':
      return [
        ...shared,
        ['VAULT_ROLE_ID', auth.roleId],
        ['VAULT_SECRET_ID', auth.secretId.reveal()],
      ];
    case 'kubernetes':
    case 'jwt':
      return [...shared, ['VAULT_ROLE', auth.role], ['the token file of VAULT_AUTH', auth.jwtFile]];
  }
}

/** @throws VaultSettingsRefused */
export function caPemOf({ caFile }: VaultSettings): string | undefined {
  if (caFile === undefined) return undefined;
  let pem: string;
  try {
    pem = readFileSync(caFile, 'utf8');
  } catch (error) {
    throw new VaultSettingsRefused(`VAULT_CACERT names a file that cannot be read: ${caFile}`, {
      cause: error,
    });
  }
  // Without this an empty file would mean "trust the public authorities".
  if (!pem.includes('-----BEGIN CERTIFICATE-----')) {
    throw new VaultSettingsRefused(`VAULT_CACERT names a file without a certificate: ${caFile}`);
  }
  return pem;
}
