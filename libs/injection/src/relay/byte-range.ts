/** One range of bytes as asked for (RFC 9110 section 14.1.2): first and last position, or the length of the tail. */
export type AskedRange =
  | { readonly kind: 'from'; readonly first: number; readonly last: number }
  | { readonly kind: 'tail'; readonly length: number };

/** `first` to `end` (exclusive); undefined when no byte of the representation is asked for: 416. */
export type Slice = { readonly first: number; readonly end: number } | undefined;

const RANGE = /^bytes=(?:(?<first>[0-9]{1,15})-(?<last>[0-9]{1,15})?|-(?<tail>[0-9]{1,15}))$/;

/** One well-formed range. Several, or another unit: undefined, the range is ignored (RFC 9110 section 14.2). */
export function askedRange(header: string): AskedRange | undefined {
  const groups = RANGE.exec(header.replaceAll(' ', ''))?.groups;
  if (groups === undefined) return undefined;
  const { first, last, tail } = groups;
  if (tail !== undefined) return { kind: 'tail', length: Number(tail) };
  const end = last === undefined ? Infinity : Number(last);
  return end < Number(first) ? undefined : { kind: 'from', first: Number(first), last: end };
}

export function sliceOf(range: AskedRange, total: number): Slice {
  const first = range.kind === 'tail' ? Math.max(0, total - range.length) : range.first;
  const end = range.kind === 'tail' ? total : Math.min(total, range.last + 1);
  return first < end ? { first, end } : undefined;
}
