import { type Clock, secondsAfter } from '#kernel';
import { type Injection } from '../injection.js';
import { type OpenedSession, type SessionOpener } from '../sessions/session-opener.js';
import { type AccessToken, type TokenRequest, type TokenSource } from '../token-source.js';
import { CredentialFieldMissing, CredentialUnusable } from './credential-unusable.js';
import { headerInjector } from './injector.js';
import { bearerToken, secretField, type SecretFields } from './secret-field.js';

/** Longest that a token is used, whatever its endpoint says: it may have been revoked. */
const TOKEN_SECONDS_MAX = 3600;
/** RFC 6749 section 5.1: `expires_in` may be left out. */
const TOKEN_SECONDS_UNSAID = 60;
/** A token ends for us earlier by a tenth of its life, within these limits: endpoints count in whole seconds. */
const SKEW_SHARE = 0.1;
const SKEW_SECONDS_MIN = 1;
const SKEW_SECONDS_MAX = 10;
/** From this share of its use on the next one is fetched. */
const RENEW_FROM_SHARE = 0.75;

type Oauth2Injection = Extract<Injection, { kind: 'oauth2-client-credentials' }>;

export interface TokenPorts {
  readonly clock: Clock;
  readonly tokens: TokenSource;
}

/**
 * RFC 6749 section 4.4: a bearer token that is got with the id and secret of a client, for all callers of the resource.
 * @throws CredentialFieldMissing, CredentialUnusable
 */
export function openOauth2ClientCredentials(
  injection: Oauth2Injection,
  fields: SecretFields,
  { clock, tokens }: TokenPorts,
): SessionOpener {
  const clientSecret = secretField(fields, injection.clientSecret);
  const clientId = secretField(fields, injection.clientId);
  const request = tokenRequest(injection, fields);
  return {
    confidential: [clientSecret, ...pairsOf(clientId, clientSecret)],
    holder: 'resource',
    open: async () => {
      const asked = clock.now();
      return openedWith(await tokens.token(request), asked);
    },
  };
}

/** RFC 6749 section 2.3.1: both are written as in a form before they become Basic credentials; many leave that out. */
const pairsOf = (id: string, secret: string): readonly string[] => {
  const written = [id, secret].map((text) => new URLSearchParams({ '': text }).toString().slice(1));
  return [...new Set([`${id}:${secret}`, written.join(':')])];
};

function tokenRequest(injection: Oauth2Injection, fields: SecretFields): TokenRequest {
  const { tokenEndpoint, allowPrivate, authentication, scope, audience, resource } = injection;
  const clientId = fields.get(injection.clientId);
  const clientSecret = fields.get(injection.clientSecret);
  if (clientId === undefined || clientSecret === undefined) {
    throw new CredentialFieldMissing('the secret has no id or no secret of a client');
  }
  return {
    ...{ tokenEndpoint, allowPrivate, authentication, scope, audience, resource },
    ...{ clientId, clientSecret },
  };
}

/** @throws CredentialUnusable */
function openedWith({ token, expiresInSeconds }: AccessToken, asked: Date): OpenedSession {
  const seconds = Math.min(expiresInSeconds ?? TOKEN_SECONDS_UNSAID, TOKEN_SECONDS_MAX);
  if (!(seconds > 0)) throw new CredentialUnusable('the access token has expired already');
  const value = bearerToken(token);
  const usable = usableSeconds(seconds);
  return {
    injector: headerInjector('authorization', `Bearer ${value}`, [value]),
    renewFrom: secondsAfter(asked, usable * RENEW_FROM_SHARE),
    usableUntil: secondsAfter(asked, usable),
    endedBy: ({ status }) => status === 401,
  };
}

function usableSeconds(seconds: number): number {
  const skew = Math.min(Math.max(seconds * SKEW_SHARE, SKEW_SECONDS_MIN), SKEW_SECONDS_MAX);
  return Math.max(seconds - skew, seconds / 2);
}
