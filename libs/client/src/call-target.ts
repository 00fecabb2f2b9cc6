import { PosternClientError } from './postern-client-error.js';

const RESOURCE_ID = /^[a-z0-9-]{1,63}$/;

/**
 * The URL of a call. A path that climbs out of the resource (`../`) would be a request to something else.
 * @throws PosternClientError invalid_argument
 */
export function callUrl(origin: string, resource: string, path: string): string {
  if (!RESOURCE_ID.test(resource)) {
    throw new PosternClientError('invalid_argument', 'the resource is no resource id');
  }
  const below = `${origin}/proxy/${resource}/`;
  const url = new URL(below + path.replace(/^\//, ''));
  if (!url.pathname.startsWith(new URL(below).pathname)) {
    throw new PosternClientError('invalid_argument', 'the path leads out of the resource');
  }
  return url.href;
}

const ANY_ORIGIN = 'https://postern.invalid';

/**
 * A path below a resource as Postern will see it in the call: with its first slash, and encoded as a URL is.
 * @throws PosternClientError invalid_argument when it has a query or a fragment: they are no part of a path.
 */
export function pathOfCall(path: string): string {
  const url = new URL(callUrl(ANY_ORIGIN, 'any', path));
  if (/[?#]/.test(path)) {
    throw new PosternClientError('invalid_argument', 'the path of the one call has a query');
  }
  return url.pathname.slice('/proxy/any'.length);
}
