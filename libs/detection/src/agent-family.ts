const FAMILY_CHARACTERS_MAX = 64;
/** What browsers call themselves, whichever they are. */
const BROWSER = /^(?:mozilla|opera)$/;
/** RFC 9110 section 10.1.5: a product is a name that is a word of these characters, perhaps with a version. */
const PRODUCT = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+/;
/** An id that a tool makes anew for each process. */
const PROCESS_ID = /[-_.]?[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}.*$/;
const VERSION = /[-_.]?v?[0-9][0-9a-z.-]*$/;

/**
 * What sent a call, as far as that can be compared: the first product of the user agent in lower case, without versions.
 * All browsers are `browser`; a text that begins with no product is `other`. Whole user agents are never compared: some
 * tools put an id of the process into it.
 */
export function agentFamily(userAgent: string | undefined): string | undefined {
  if (userAgent === undefined || userAgent.trim() === '') return undefined;
  const product = PRODUCT.exec(userAgent.trim())?.[0].toLowerCase();
  if (product === undefined) return 'other';
  if (BROWSER.test(product)) return 'browser';
  const name = product.replace(PROCESS_ID, '').replace(VERSION, '').slice(0, FAMILY_CHARACTERS_MAX);
  return name === '' ? 'other' : name;
}
