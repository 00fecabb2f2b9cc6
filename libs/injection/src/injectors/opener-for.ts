import { type SecretVersion } from '#credentials';
import { type Injection } from '../injection.js';
import { type ProxiedResource } from '../proxied-resource.js';
import { type SessionOpener } from '../sessions/session-opener.js';
import { type Upstream } from '../upstream.js';
import { openFormLogin } from './form-login.js';
import { openOauth2ClientCredentials, type TokenPorts } from './oauth2-client-credentials.js';

/** What openers of sessions take from outside. */
export interface SessionPorts extends TokenPorts {
  readonly upstream: Upstream;
}

/** Kinds whose secret opens a session; what is put on calls belongs to that. */
export type SessionInjection = Extract<
  Injection,
  { kind: 'form-login' | 'oauth2-client-credentials' }
>;
/** Kinds that put the secret itself on calls. */
export type DirectInjection = Exclude<Injection, SessionInjection>;

export const opensSession = (injection: Injection): injection is SessionInjection =>
  injection.kind === 'form-login' || injection.kind === 'oauth2-client-credentials';

/** The opener of a registration, for one version of its secret. @throws CredentialFieldMissing, CredentialUnusable */
export function openerFor(
  injection: SessionInjection,
  { resource, secret }: { readonly resource: ProxiedResource; readonly secret: SecretVersion },
  ports: SessionPorts,
): SessionOpener {
  const { fields, version: credentialVersion } = secret;
  if (injection.kind === 'oauth2-client-credentials') {
    return openOauth2ClientCredentials(injection, fields, ports);
  }
  const { upstream } = ports;
  return openFormLogin(injection, fields, { resource, credentialVersion, upstream });
}
