import { Buffer } from 'node:buffer';

/** The bytes; undefined unless the text is the one way to write them (RFC 4648 section 4). */
export function fromBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : undefined;
}

/** Undefined unless each is strict base64 of a hash; how many there may be is asked by the caller. */
export function hashesFromBase64(texts: readonly string[]): readonly Buffer[] | undefined {
  const hashes = texts.map(fromBase64);
  return hashes.every((hash) => hash?.length === 32) ? (hashes as Buffer[]) : undefined;
}
