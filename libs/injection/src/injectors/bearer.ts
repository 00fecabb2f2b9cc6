import { type Injection } from '../proxied-resource.js';
import { type InjectedSecret } from './injected.js';
import { asHeaderValue, secretField, type SecretFields } from './secret-field.js';

/** RFC 6750 section 2.1. */
export function injectBearer(
  injection: Extract<Injection, { kind: 'bearer' }>,
  fields: SecretFields,
): InjectedSecret {
  const secret = secretField(fields, injection.value);
  const value = asHeaderValue(`Bearer ${secret}`, 'authorization');
  return { injected: { kind: 'header', name: 'authorization', value }, confidential: [secret] };
}
