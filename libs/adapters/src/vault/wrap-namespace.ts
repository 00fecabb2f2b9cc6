import { type Secret } from '#kernel';

/** Of a token before the name of its namespace; what Vault 1.10 and later put around it is longer. */
const RANDOM_CHARACTERS = 24;
const INNER = /hvs\.[A-Za-z0-9]{24}(?:\.(?<namespace>[A-Za-z0-9]+))?/g;

/** Of a token that cannot be read: of no namespace that anybody could name. */
export const UNREADABLE_NAMESPACE = '?';

/**
 * Id of the namespace that a wrapping token belongs to; undefined: the root namespace. The creation path that Vault tells
 * is relative to it, and any namespace may have a mount of the same name. OpenBao, and Vault before 1.10, append the id;
 * later ones have it in the message that stands in the token (base64url), which they have signed.
 */
export function namespaceOf(wrappingToken: Secret): string | undefined {
  const [prefix, random = '', ...appended] = wrappingToken.reveal().split('.');
  if (appended.length > 0) return appended.join('.');
  if (prefix !== 'hvs' || random.length <= RANDOM_CHARACTERS) return undefined;
  const inner = [...Buffer.from(random, 'base64url').toString('latin1').matchAll(INNER)].at(-1);
  return inner === undefined ? UNREADABLE_NAMESPACE : inner.groups?.['namespace'];
}
