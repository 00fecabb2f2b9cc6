/**
 * The bytes of unpadded base64url (RFC 7515 section 2), or undefined when the text is not the one encoding of them:
 * with padding, a foreign character, or spare bits set in its last character.
 */
export function decodeBase64Url(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url');
  return bytes.toString('base64url') === text ? bytes : undefined;
}
