import { resolve } from 'node:path';
import { type Secret } from '#kernel';
import { type EnvironmentReader } from './environment-reader.js';

export interface VaultSettings {
  readonly address: string;
  readonly caFile?: string;
  readonly namespace?: string;
  readonly auth:
    | { readonly kind: 'token'; readonly token: Secret }
    | { readonly kind: 'approle'; readonly roleId: string; readonly secretId: Secret }
    /** `jwtFile` is read anew at each login. */
    | { readonly kind: 'kubernetes' | 'jwt'; readonly role: string; readonly jwtFile: string };
}

/** Where Kubernetes puts a pod's service account token. */
const SERVICE_ACCOUNT_FILE = '/var/run/secrets/kubernetes.io/serviceaccount/token';
const METHODS = ['token', 'approle', 'kubernetes', 'jwt'] as const;
/** VAULT_TOKEN, VAULT_CACERT and VAULT_NAMESPACE stand in many a shell for the sake of `vault` itself. */
const OURS = ['VAULT_AUTH', 'VAULT_ROLE_ID', 'VAULT_SECRET_ID', 'VAULT_ROLE', 'VAULT_JWT_FILE'];

/** Vault's part of the environment. */
export function vaultSettings(reader: EnvironmentReader): VaultSettings | undefined {
  if (!reader.isSet('VAULT_ADDR')) {
    reader.refuseWithout('VAULT_ADDR', OURS);
    return undefined;
  }
  const address = reader.url('VAULT_ADDR', ['http:', 'https:']);
  const caFile = reader.file('VAULT_CACERT');
  const namespace = reader.text('VAULT_NAMESPACE');
  const auth = authSettings(reader);
  if (address === undefined || auth === undefined) return undefined;
  if (new URL(address).username !== '' || new URL(address).password !== '') {
    reader.problem('VAULT_ADDR', 'must not hold a user: expected https://host:8200');
  }
  return {
    address,
    ...(caFile === undefined ? {} : { caFile }),
    ...(namespace === undefined ? {} : { namespace }),
    auth,
  };
}

function authSettings(reader: EnvironmentReader): VaultSettings['auth'] | undefined {
  const kind = reader.isSet('VAULT_AUTH') ? reader.oneOf('VAULT_AUTH', METHODS) : 'token';
  switch (kind) {
    case undefined:
      return undefined;
    case 'token':
      return { kind, token: reader.secret('VAULT_TOKEN', needing(kind)) };
    case 'approle':
      return {
        kind,
        roleId: reader.required('VAULT_ROLE_ID', needing(kind)),
        secretId: reader.secret('VAULT_SECRET_ID', needing(kind)),
      };
    case 'kubernetes':
    case 'jwt':
      return {
        kind,
        role: reader.required('VAULT_ROLE', needing(kind)),
        jwtFile: jwtFile(reader, kind),
      };
  }
}

const needing = (kind: string): string => `VAULT_AUTH=${kind}`;

function jwtFile(reader: EnvironmentReader, kind: 'kubernetes' | 'jwt'): string {
  const file = reader.file('VAULT_JWT_FILE');
  if (file !== undefined || reader.isSet('VAULT_JWT_FILE')) return file ?? '';
  if (kind === 'kubernetes') return SERVICE_ACCOUNT_FILE;
  return resolve(reader.required('VAULT_JWT_FILE', needing(kind)));
}
