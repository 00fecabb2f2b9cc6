import { type Injection } from '../injection.js';
import { putCookies } from './cookie-header.js';
import { CredentialUnusable } from './credential-unusable.js';
import { type Injector } from './injector.js';
import { secretField, type SecretFields } from './secret-field.js';

/** RFC 6265 section 4.1.1: *cookie-octet. */
const COOKIE_OCTETS = /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*$/;

/** A cookie of the registered name, behind those of the caller in the one Cookie header. */
export function injectCookie(
  injection: Extract<Injection, { kind: 'cookie' }>,
  fields: SecretFields,
): Injector {
  const secret = secretField(fields, injection.value);
  if (!COOKIE_OCTETS.test(secret)) {
    throw new CredentialUnusable(
      `field ${JSON.stringify(injection.value)} of the secret holds a character that no cookie may hold (RFC 6265)`,
    );
  }
  return {
    confidential: [secret],
    // RFC 2965: it makes some readers take Cookie in an older syntax.
    replaces: (folded) => folded === 'cookie2',
    inject: (draft) => putCookies(draft, [{ name: injection.name, value: secret }]),
  };
}
