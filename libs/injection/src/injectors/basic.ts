import { type Injection } from '../injection.js';
import { CredentialUnusable } from './credential-unusable.js';
import { headerInjector, type Injector } from './injector.js';
import { secretField, type SecretFields } from './secret-field.js';

/** RFC 7617, with UTF-8. */
export function injectBasic(
  injection: Extract<Injection, { kind: 'basic' }>,
  fields: SecretFields,
): Injector {
  const username = secretField(fields, injection.username);
  const password = secretField(fields, injection.password);
  if (username.includes(':')) {
    throw new CredentialUnusable(
      `field ${JSON.stringify(injection.username)} of the secret holds ":", which ends a username (RFC 7617)`,
    );
  }
  const pair = `${username}:${password}`;
  const value = `Basic ${Buffer.from(pair, 'utf8').toString('base64')}`;
  return headerInjector('authorization', value, [password, pair]);
}
