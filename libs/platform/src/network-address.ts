import { isIP, isIPv4 } from 'node:net';

/** An http or https URL without userinfo, query and fragment; undefined when the text is another thing. */
export function plainHttpUrl(text: string): URL | undefined {
  if (!URL.canParse(text) || /[?#\s\\]/.test(text)) return undefined;
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') return undefined;
  return url.protocol === 'http:' || url.protocol === 'https:' ? url : undefined;
}

/** Whether a URL's host is this very machine. `127.example.org` is not: it is a name like any other. */
export const isLoopbackHost = (hostname: string): boolean =>
  hostname === 'localhost' ||
  hostname === '[::1]' ||
  (isIPv4(hostname) && hostname.startsWith('127.'));

/** https, or http to this very machine: what may carry keys and secrets. */
export function isConfidentialUrl(text: string): boolean {
  const url = plainHttpUrl(text);
  if (url === undefined) return false;
  return url.protocol === 'https:' || isLoopbackHost(url.hostname);
}

/** `10.0.0.0/8`, `fd00::/8`, or one address. */
export function isCidr(text: string): boolean {
  const [address = '', prefix, ...more] = text.split('/');
  const family = isIP(address);
  if (family === 0 || more.length > 0) return false;
  if (prefix === undefined) return true;
  return /^(?:0|[1-9][0-9]{0,2})$/.test(prefix) && Number(prefix) <= (family === 4 ? 32 : 128);
}
