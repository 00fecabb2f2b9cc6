import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { SecretStoreUnavailable } from '#credentials';
import { Secret } from '#kernel';
import { type VaultClient } from './vault-client.js';
import { type Asked, refusalOf, type VaultReply } from './vault-reply.js';
import { type VaultAuth } from './vault-settings.js';

const JWT_CHARACTERS_MAX = 64 * 1024;

/** A token of ours and how long Vault keeps it. */
export interface VaultLease {
  readonly token: Secret;
  /** 0: it does not end. */
  readonly ttlSeconds: number;
  readonly renewable: boolean;
}

const SELF_REMEDY = 'deploy/vault/proxy.hcl shows what its policy has to permit';
const LOGIN_REMEDIES = {
  approle: 'check VAULT_ROLE_ID and VAULT_SECRET_ID, and whether the secret id may be used again',
  kubernetes: 'check VAULT_ROLE and the token file',
  jwt: 'check VAULT_ROLE and the token file',
} as const;

/** Our own token's state, which tells whether Vault still knows it. */
export const lookup: Asked = { what: 'the look-up of our own token', remedy: SELF_REMEDY };

const loginAnswer = z.object({
  auth: z.object({
    client_token: z.string().min(1),
    lease_duration: z.number().nonnegative(),
    renewable: z.boolean(),
  }),
});
const lookupAnswer = z.object({
  data: z.object({ ttl: z.number().nonnegative(), renewable: z.boolean().default(false) }),
});

/** @throws SecretStoreUnavailable */
export async function logIn(client: VaultClient, auth: VaultAuth): Promise<VaultLease> {
  if (auth.kind === 'token') return leaseOf(client, auth.token);
  const body = await loginBody(auth);
  const path = `auth/${(auth.mount ?? auth.kind).split('/').map(encodeURIComponent).join('/')}/login`;
  const reply = await client.send({ method: 'POST', path, body });
  const lease = leaseIn(reply);
  if (lease === undefined) throw refusalOf(reply, loginBy(auth));
  return lease;
}

/** Undefined when Vault does not renew the token any more. @throws SecretStoreUnavailable when it cannot say. */
export async function renew(client: VaultClient, token: Secret): Promise<VaultLease | undefined> {
  const path = 'auth/token/renew-self';
  const reply = await client.send({ method: 'POST', path, token, body: {} });
  const lease = leaseIn(reply);
  if (lease === undefined && reply.status !== 400 && reply.status !== 403) {
    throw refusalOf(reply, { what: 'the renewal of our token', remedy: SELF_REMEDY });
  }
  return lease;
}

/** A token that was given to us. It may lack the right to look itself up: then we cannot know when to renew it. */
async function leaseOf(client: VaultClient, token: Secret): Promise<VaultLease> {
  const reply = await client.send({ method: 'GET', path: 'auth/token/lookup-self', token });
  if (reply.status === 403) return { token, ttlSeconds: 0, renewable: false };
  const answer = lookupAnswer.safeParse(reply.body);
  if (reply.status !== 200 || !answer.success) throw refusalOf(reply, lookup);
  return { token, ttlSeconds: answer.data.data.ttl, renewable: answer.data.data.renewable };
}

function leaseIn({ status, body }: VaultReply): VaultLease | undefined {
  const answer = loginAnswer.safeParse(body);
  if (status !== 200 || !answer.success) return undefined;
  const { client_token, lease_duration, renewable } = answer.data.auth;
  return { token: Secret.of(client_token), ttlSeconds: lease_duration, renewable };
}

type SigningIn = Exclude<VaultAuth, { kind: 'token' }>;

const loginBy = ({ kind }: SigningIn): Asked => ({
  what: `our login by ${kind}`,
  remedy: LOGIN_REMEDIES[kind],
});

async function loginBody(auth: SigningIn): Promise<Record<string, string>> {
  if (auth.kind === 'approle') {
    return { role_id: auth.roleId, secret_id: auth.secretId.reveal() };
  }
  return { role: auth.role, jwt: await jwtIn(auth.jwtFile) };
}

async function jwtIn(file: string): Promise<string> {
  const refuse = (what: string): SecretStoreUnavailable =>
    new SecretStoreUnavailable('unreachable', `the token file of VAULT_AUTH, ${file}, ${what}`);
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw refuse(`cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown failure'})`);
  });
  const jwt = text.trim();
  if (jwt === '' || jwt.length > JWT_CHARACTERS_MAX) throw refuse('is empty or larger than 64 KiB');
  return jwt;
}
