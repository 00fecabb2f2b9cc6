/** scope-token of RFC 6749 section 3.3, at most 128 characters. */
export const SCOPE_TOKEN = /^[\x21\x23-\x5B\x5D-\x7E]{1,128}$/;

export const isScopeToken = (text: string): boolean => SCOPE_TOKEN.test(text);
