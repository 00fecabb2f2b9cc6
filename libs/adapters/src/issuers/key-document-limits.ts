/** A key set or a discovery document may be this large. */
export const KEY_DOCUMENT_BYTES_MAX = 256 * 1024;

/** From the first question to the last byte of the key set, discovery included. */
export const KEY_DOCUMENT_TIMEOUT_MS = 5_000;
