import { type ProxiedResource } from '../proxied-resource.js';
import { PROXY_PREFIX } from '../canonical-request.js';

/**
 * A redirect into the destination becomes one to Postern's own path for it, so that the caller comes back through us. One
 * beside its base path names the destination, since the caller would look for the bare path at Postern. Any other is left
 * as it is: following it is the caller's business, and no credential goes there.
 */
export function callerLocation(
  location: string,
  resource: Pick<ProxiedResource, 'id' | 'destination'>,
): string {
  const { origin, basePath } = resource.destination;
  const isPath = location.startsWith('/') && !location.startsWith('//');
  const path = isPath ? location : pathIn(location, origin);
  if (path === undefined) return location;
  const below = path.slice(basePath.length);
  if (path.startsWith(basePath) && /^(?:[/?#]|$)/.test(below)) {
    return `${PROXY_PREFIX}${resource.id}${below}`;
  }
  return isPath && !path.startsWith('/\\') ? `${origin}${path}` : location;
}

/** Path, query and fragment of an absolute (or scheme-relative) URL of that origin. */
function pathIn(location: string, origin: string): string | undefined {
  if (!/^(?:[a-z][a-z0-9+.-]*:)?\/\//i.test(location) || !URL.canParse(location, origin)) {
    return undefined;
  }
  const url = new URL(location, origin);
  if (url.origin !== origin || url.username !== '' || url.password !== '') return undefined;
  return `${url.pathname}${url.search}${url.hash}`;
}
