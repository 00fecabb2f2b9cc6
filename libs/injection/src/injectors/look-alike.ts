/**
 * Whether a lenient reader may take one name of a cookie or parameter for the other. Case counts for few readers; PHP takes
 * ".", " " and "[" for "_", what follows "[" for an index, and ends a name at NUL; old versions of it decode the names of
 * cookies (CVE-2020-7070). Quotes and space around a name count for nobody.
 */
export function looksLike(other: string, name: string): boolean {
  const ours = folded(name);
  const whole = folded(other);
  return whole === ours || (/.(?:\[|%5b)/is.test(other) && folded(withoutIndex(other)) === ours);
}

const withoutIndex = (name: string): string => name.replace(/(?<=.)(?:\[|%5b).*$/is, '');

const folded = (name: string): string =>
  caseless(bare(unescaped(name).replace(/\0.*$/s, ''))).replace(/[. +[]/g, '_');

/** Without quotes and space at both ends. The end is no work for a regular expression: it would try at each of a million. */
function bare(name: string): string {
  let end = name.length;
  while (end > 0 && /[\s"']/.test(name.charAt(end - 1))) end -= 1;
  return name.slice(0, end).replace(/^[\s"']+/, '');
}

const unescaped = (name: string): string =>
  name.includes('%')
    ? name.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) =>
        String.fromCharCode(Number.parseInt(hex, 16)),
      )
    : name;

/** Case folded in both directions: the Kelvin sign is a "K", the long s an "S". */
export const caseless = (name: string): string => name.toLowerCase().toUpperCase();
