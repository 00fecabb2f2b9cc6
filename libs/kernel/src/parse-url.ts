/**
 * The URL, or undefined when the text is none. Not by `URL.canParse`: once the compiler has optimised the call, Node 20
 * answers false for host names with characters of Latin-1.
 */
export function parseUrl(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}
