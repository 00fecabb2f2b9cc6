import { type Injection } from '../proxied-resource.js';
import { type InjectedSecret } from './injected.js';
import { secretField, type SecretFields } from './secret-field.js';

/** A query parameter of the registered name. */
export function injectQuery(
  injection: Extract<Injection, { kind: 'query' }>,
  fields: SecretFields,
): InjectedSecret {
  const secret = secretField(fields, injection.value);
  const parameter = `${percentEncoded(injection.name)}=${percentEncoded(secret)}`;
  return {
    injected: { kind: 'query', name: injection.name, parameter },
    confidential: [secret],
  };
}

/** RFC 3986 section 2.3: everything but unreserved characters. */
const percentEncoded = (text: string): string =>
  encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
