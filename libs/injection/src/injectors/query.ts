import { parameterName } from '../canonical-query.js';
import { type Injection } from '../injection.js';
import { type Injector } from './injector.js';
import { secretField, type SecretFields } from './secret-field.js';

/** A query parameter of the registered name. */
export function injectQuery(
  injection: Extract<Injection, { kind: 'query' }>,
  fields: SecretFields,
): Injector {
  const secret = secretField(fields, injection.value);
  const sent = percentEncoded(secret);
  const parameter = `${percentEncoded(injection.name)}=${sent}`;
  return {
    confidential: [...new Set([secret, sent])], // What is sent comes back encoded once more, such as in a Location.
    replaces: () => false,
    inject: (draft) => {
      draft.query = [...withoutParameter(draft.query, injection.name), parameter].join('&');
    },
  };
}

/** Parameters of the name, in any case, also behind a `;`, are taken out. */
function withoutParameter(query: string, name: string): readonly string[] {
  const isSame = (other: string): boolean =>
    other.split(';').some((part) => parameterName(part).toLowerCase() === name.toLowerCase());
  return query === '' ? [] : query.split('&').filter((other) => !isSame(other));
}

/** RFC 3986 section 2.3: everything but unreserved characters. */
export const percentEncoded = (text: string): string =>
  encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
