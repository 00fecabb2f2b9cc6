import { type Injection } from '../injection.js';
import { headerInjector, type Injector } from './injector.js';
import { asHeaderValue, secretField, type SecretFields } from './secret-field.js';

/** `{field}` in a header template. */
export const TEMPLATE_FIELD = /\{([A-Za-z0-9_.-]{1,64})\}/g;

/** A header of the registered name; each `{field}` of the template is a field of the secret. */
export function injectHeader(
  injection: Extract<Injection, { kind: 'header' }>,
  fields: SecretFields,
): Injector {
  const taken: string[] = [];
  const rendered = injection.template.replace(TEMPLATE_FIELD, (_whole, field: string) => {
    const value = secretField(fields, field);
    taken.push(value);
    return value;
  });
  const value = asHeaderValue(rendered, injection.name);
  return headerInjector(injection.name, value, taken.length > 1 ? [...taken, value] : taken);
}
