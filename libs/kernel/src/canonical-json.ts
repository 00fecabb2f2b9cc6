import { PosternError } from './postern-error.js';

/** The value has no canonical form: it is nothing that JSON can hold, or nested too deeply. */
export class NotCanonical extends PosternError {
  override readonly code = 'not-canonical';
}

/** What canonical JSON can hold, for whoever makes a value of it. */
export type CanonicalValue =
  | string
  | number
  | boolean
  | null
  | readonly CanonicalValue[]
  | { readonly [name: string]: CanonicalValue };

/** Deeper than any event or grant of ours; keeps a hostile line from using up the stack. */
const DEPTH_MAX = 64;

/**
 * The canonical form of RFC 8785: members sorted by UTF-16 code units, no white space, numbers and strings as ECMAScript
 * writes them. Two readers who hold the same value hold the same bytes.
 * @throws NotCanonical for what JSON cannot hold, half a surrogate pair, or more than 64 levels
 */
export const canonicalJson = (value: unknown): string => written(value, DEPTH_MAX);

function written(value: unknown, depth: number): string {
  if (typeof value === 'string') return text(value);
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'number' && Number.isFinite(value)) return JSON.stringify(value);
  if (typeof value !== 'object') throw new NotCanonical(`JSON holds no ${typeof value}`);
  if (depth === 0) throw new NotCanonical(`nested deeper than ${DEPTH_MAX} levels`);
  if (Array.isArray(value)) return `[${value.map((item) => written(item, depth - 1)).join(',')}]`;
  const members = Object.entries(value)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, member]) => `${text(name)}:${written(member, depth - 1)}`);
  return `{${members.join(',')}}`;
}

/** Half a surrogate pair has no UTF-8: two writers would make different bytes of it (RFC 8785 section 3.2.2.2). */
function text(value: string): string {
  if (/\p{Surrogate}/u.test(value)) throw new NotCanonical('half a surrogate pair is no text');
  return JSON.stringify(value);
}
