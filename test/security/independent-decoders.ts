/** The operations of the resource `ledger` in the tests of request targets. */
export const OPERATIONS = {
  'ledger.read': ['GET /accounts/{id}', 'GET /accounts/{id}/lines', 'GET /reports/**'],
  'ledger.post': ['POST /entries'],
};

/** Whether a call is inside OPERATIONS: written by hand, from what the operations mean. */
export function isInside(method: string, segments: readonly string[]): boolean {
  const [first, , third] = segments;
  if (segments.includes('')) return false;
  if (first === 'entries') return method === 'POST' && segments.length === 1;
  if (method !== 'GET' && method !== 'HEAD') return false;
  if (first === 'reports') return segments.length > 1;
  return (
    first === 'accounts' && (segments.length === 2 || (segments.length === 3 && third === 'lines'))
  );
}

/** By the WHATWG URL parser, which resolves dot segments and takes a backslash for a slash. */
export function decodedByUrl(path: string): readonly string[] {
  const url = new URL(`http://backend.example${path}`);
  if (url.host !== 'backend.example' || url.username !== '' || url.hash !== '') {
    throw new Error('the URL parser sees another host, or a fragment');
  }
  return url.pathname.split('/').slice(1).map(decodeURIComponent);
}

/** Byte by byte, knowing nothing of URLs; what is no UTF-8 is an error. */
export function decodedByBytes(path: string): readonly string[] {
  const segments: number[][] = [];
  for (let index = 0; index < path.length; index += 1) {
    const character = path.charCodeAt(index);
    if (character === 0x2f) segments.push([]);
    else if (character === 0x25) {
      segments.at(-1)!.push(hexDigit(path[index + 1]) * 16 + hexDigit(path[index + 2]));
      index += 2;
    } else segments.at(-1)!.push(character);
  }
  return segments.map((bytes) =>
    new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(bytes)),
  );
}

function hexDigit(character: string | undefined): number {
  const digit = '0123456789abcdef'.indexOf((character ?? '').toLowerCase());
  if (digit < 0 || character === undefined || character === '')
    throw new Error('no hexadecimal digit');
  return digit;
}

/**
 * As the worst backend would read it: decodes until nothing is left to decode, maps look-alikes, takes backslashes for
 * slashes, cuts parameters and what follows NUL, drops trailing dots and spaces, resolves dot segments, and collapses
 * slashes.
 */
export function decodedByTheWorst(path: string): readonly string[] {
  const kept: string[] = [];
  const text = decodedWholly(path).normalize('NFKC').replaceAll('\\', '/').replace(/\0.*/su, '');
  for (const segment of text.split('/')) {
    const name = segment.replace(/;.*/su, '');
    if (name === '..') kept.pop();
    else if (name.replace(/[. ]+$/, '') !== '') kept.push(name);
  }
  return kept;
}

function decodedWholly(text: string): string {
  const decoded = text.replace(/(?:%[0-9a-f]{2})+/gi, (escapes) =>
    Buffer.from(escapes.replaceAll('%', ''), 'hex').toString('utf8'),
  );
  return decoded === text ? text : decodedWholly(decoded);
}
