import { type Injection } from '../proxied-resource.js';
import { CredentialUnusable } from './credential-unusable.js';
import { type InjectedSecret } from './injected.js';
import { secretField, type SecretFields } from './secret-field.js';

/** RFC 7617, with UTF-8. */
export function injectBasic(
  injection: Extract<Injection, { kind: 'basic' }>,
  fields: SecretFields,
): InjectedSecret {
  const username = secretField(fields, injection.username);
  const password = secretField(fields, injection.password);
  if (username.includes(':')) {
    throw new CredentialUnusable(
      `field ${JSON.stringify(injection.username)} of the secret holds ":", which ends a username (RFC 7617)`,
    );
  }
  const pair = `${username}:${password}`;
  const value = `Basic ${Buffer.from(pair, 'utf8').toString('base64')}`;
  return {
    injected: { kind: 'header', name: 'authorization', value },
    confidential: [password, pair],
  };
}
