import { ClientCertificateUnreadable } from './client-certificate-unreadable.js';

const PAIR = /([A-Za-z]+)=(?:"((?:[^"\\]|\\.)*)"|([^",;=\\]*))(;|$)/y;

/**
 * The pairs of `x-forwarded-client-cert` as Envoy writes it, `By=...;Hash=...;Cert="..."`, names in lower case. Of a
 * name that stands more than once, as URI may, the first value.
 * @throws ClientCertificateUnreadable when it is malformed, has more than one element, or a second certificate
 */
export function forwardedElement(value: string): ReadonlyMap<string, string> {
  const pairs = new Map<string, string>();
  let at = 0;
  while (at < value.length) {
    const pair = pairAt(value, at);
    if (pairs.has(pair.name) && (pair.name === 'cert' || pair.name === 'chain')) {
      throw new ClientCertificateUnreadable('x-forwarded-client-cert has a second certificate');
    }
    if (!pairs.has(pair.name)) pairs.set(pair.name, pair.value);
    at = pair.end;
  }
  return pairs;
}

function pairAt(
  text: string,
  start: number,
): { readonly name: string; readonly value: string; readonly end: number } {
  PAIR.lastIndex = start;
  const [, name, quoted, plain = ''] = PAIR.exec(text) ?? [];
  if (name === undefined) {
    // A comma begins the element of another hop: which of them speaks of the caller, nobody can tell.
    throw new ClientCertificateUnreadable('x-forwarded-client-cert is not one element of pairs');
  }
  const value = quoted === undefined ? plain : quoted.replace(/\\(.)/g, '$1');
  return { name: name.toLowerCase(), value, end: PAIR.lastIndex };
}
