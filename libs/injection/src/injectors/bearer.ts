import { type Injection } from '../injection.js';
import { headerInjector, type Injector } from './injector.js';
import { asHeaderValue, secretField, type SecretFields } from './secret-field.js';

/** RFC 6750 section 2.1. */
export function injectBearer(
  injection: Extract<Injection, { kind: 'bearer' }>,
  fields: SecretFields,
): Injector {
  const secret = secretField(fields, injection.value);
  const value = asHeaderValue(`Bearer ${secret}`, 'authorization');
  return headerInjector('authorization', value, [secret]);
}
