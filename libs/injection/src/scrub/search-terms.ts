import { CredentialUnusable } from '../injectors/credential-unusable.js';
import { base64Forms, hexForms, textForms } from './encoded-forms.js';

/** A shorter secret would be found everywhere by chance; the registration has to say `scrub: off` for it. */
export const TERM_BYTES_MIN = 8;

/**
 * Every byte sequence under which the given texts may come back: as they are, as base64 and base64url at all three
 * alignments, in hexadecimal, and each of these escaped for URLs, JSON, XML and HTML.
 * @throws CredentialUnusable when a text is too short to be told from chance
 */
export function searchTerms(confidential: readonly string[]): readonly Buffer[] {
  const terms = new Map<string, Buffer>();
  for (const text of confidential) {
    if (Buffer.byteLength(text) < TERM_BYTES_MIN) {
      throw new CredentialUnusable(
        `a value of the secret is shorter than ${TERM_BYTES_MIN} bytes, too short to be recognised in responses: use a longer one, or justify response.scrub: off`,
      );
    }
    for (const term of formsOf(text)) terms.set(term.toString('latin1'), term);
  }
  return [...terms.values()];
}

function formsOf(text: string): readonly Buffer[] {
  const bytes = Buffer.from(text, 'utf8');
  const written = [text, ...base64Forms(bytes), ...hexForms(bytes)];
  const utf16 = Buffer.from(text, 'utf16le');
  return [
    ...written.flatMap(textForms).map((form) => Buffer.from(form, 'utf8')),
    ...(/[^\x20-\x7e]/.test(text) ? [Buffer.from(text, 'latin1')] : []),
    utf16,
    Buffer.from(utf16).swap16(),
  ].filter(({ length }) => length >= TERM_BYTES_MIN);
}
