/** What canonical JSON can hold. */
export type CanonicalValue =
  | string
  | number
  | boolean
  | null
  | readonly CanonicalValue[]
  | { readonly [name: string]: CanonicalValue };

/** JSON with sorted member names and no white space, as RFC 8785 sections 3.2.1 to 3.2.3 prescribe. */
export function canonicalJson(value: CanonicalValue): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (isList(value)) return `[${value.map(canonicalJson).join(',')}]`;
  const members = Object.entries(value)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`);
  return `{${members.join(',')}}`;
}

/** Array.isArray does not narrow a readonly array. */
const isList = (value: CanonicalValue): value is readonly CanonicalValue[] => Array.isArray(value);
