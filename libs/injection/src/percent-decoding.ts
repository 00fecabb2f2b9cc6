import { AmbiguousRequest } from './ambiguous-request.js';

const MALFORMED_ESCAPE = /%(?![0-9A-Fa-f]{2})/;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Decodes percent escapes once, strictly: every `%` starts an escape, and the bytes are well-formed UTF-8 (no overlong
 * form, no surrogate: RFC 3629 section 3). `text` is printable ASCII.
 * @throws AmbiguousRequest
 */
export function percentDecoded(text: string): string {
  if (!text.includes('%')) return text;
  if (MALFORMED_ESCAPE.test(text)) {
    throw new AmbiguousRequest('percent-escape', 'a "%" without two hexadecimal digits after it');
  }
  try {
    return utf8.decode(decodedBytes(text));
  } catch {
    throw new AmbiguousRequest('utf-8', 'the escapes are no well-formed UTF-8');
  }
}

function decodedBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  let length = 0;
  for (let index = 0; index < text.length; index += 1) {
    const isEscape = text[index] === '%';
    bytes[length] = isEscape
      ? Number.parseInt(text.slice(index + 1, index + 3), 16)
      : text.charCodeAt(index);
    if (isEscape) index += 2;
    length += 1;
  }
  return bytes.subarray(0, length);
}
