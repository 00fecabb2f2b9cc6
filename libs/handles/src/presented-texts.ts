/** Of headers that nobody may send twice. */
const VALUES_MAX = 4;
/** RFC 9110 section 11.4: a scheme in any case, spaces, and what is to be kept confidential. */
const CREDENTIAL = /^(?<scheme>[A-Za-z]{1,16}) +(?<value>\S{1,4096}) *$/;

/**
 * What values of Authorization present, in whatever form they do: of Basic the password, and of the rest what follows the
 * scheme. It decides nothing about a call: what has no acceptable form is refused, and may still be a canary.
 */
export function presentedTexts(authorizations: readonly string[]): readonly string[] {
  return authorizations.slice(0, VALUES_MAX).flatMap((authorization) => {
    const { scheme, value } = CREDENTIAL.exec(authorization)?.groups ?? {};
    if (scheme === undefined || value === undefined) return [];
    return scheme.toLowerCase() === 'basic' ? passwordOf(value) : [value];
  });
}

function passwordOf(encoded: string): readonly string[] {
  const pair = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = pair.indexOf(':');
  return colon < 0 ? [] : [pair.slice(colon + 1)];
}
