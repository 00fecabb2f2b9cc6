import { HttpTokenIntrospector, vaultClientSecrets } from '#adapters/issuers';
import { type IssuerRegistry, type TokenIntrospector } from '#identity';
import { type AppContext, requireServers } from '#platform';

/**
 * Only a deployment with issuers of opaque tokens lets its STS log in to Vault, and to read nothing but its own secrets
 * (docs/adr/0007). Undefined for any other.
 * @throws ConfigError, DependencyUnavailable
 */
export async function openIntrospector(
  { settings, clock, log, health }: AppContext,
  issuers: IssuerRegistry,
): Promise<TokenIntrospector | undefined> {
  if (!issuers.all().some(({ kind }) => kind === 'introspection')) return undefined;
  const { vault } = requireServers(settings, ['vault']);
  const onProblem = (message: unknown): void =>
    log.warn({ err: message }, 'the login at Vault cannot be renewed');
  const { VaultSecretStore } = await import('#adapters/vault'); // Few deployments need it: it is no part of every start.
  const store = new VaultSecretStore({ settings: vault, clock, onProblem });
  await store.requireReady();
  health.add('vault', () => store.requireReady());
  return new HttpTokenIntrospector({ clientSecretOf: vaultClientSecrets({ store, clock }) });
}
