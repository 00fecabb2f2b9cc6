import { type Form } from './form.js';
import { OAuthError } from './oauth-error.js';

/** How a caller tries to prove who it is (RFC 6749 section 2.3, RFC 7521 section 4.2). Nothing is verified yet. */
export type PresentedCredentials =
  | { readonly kind: 'none' }
  | { readonly kind: 'header'; readonly authorization: string }
  | { readonly kind: 'assertion' }
  | { readonly kind: 'secret' };

/** @throws OAuthError invalid_request for more than one way at once (RFC 6749 section 2.3) */
export function presentedCredentials(
  authorization: string | undefined,
  form: Form | undefined,
): PresentedCredentials {
  const presented: PresentedCredentials[] = [];
  if (authorization !== undefined) presented.push({ kind: 'header', authorization });
  if (form?.one('client_assertion') !== undefined) presented.push({ kind: 'assertion' });
  if (form?.one('client_secret') !== undefined) presented.push({ kind: 'secret' });
  if (presented.length < 2) return presented[0] ?? { kind: 'none' };
  throw new OAuthError(
    'invalid_request',
    'malformed_request',
    `${presented.length} ways of client authentication at once`,
  );
}
