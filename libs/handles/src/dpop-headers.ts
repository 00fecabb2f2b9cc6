/**
 * The values of all DPoP header fields (RFC 9449 section 4.1) of a request, from `rawHeaders`: name, value, name, value.
 * Node's `headers` would join two of them into one.
 */
export const parseDpopHeaders = (rawHeaders: readonly string[]): readonly string[] =>
  rawHeaders.filter(
    (_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === 'dpop',
  );
