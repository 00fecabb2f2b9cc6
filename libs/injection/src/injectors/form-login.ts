import { type FormLogin } from '../form-login.js';
import { hasSigns } from '../sessions/answer-signs.js';
import { FormSession, type FormSessionParts } from '../sessions/form-session.js';
import { receivedValuesOf } from '../header-values.js';
import { cookieName, type SessionCookies } from '../sessions/session-cookies.js';
import { type OpenedSession, type SessionOpener } from '../sessions/session-opener.js';
import { putCookies } from './cookie-header.js';
import { type AnswerHead, type Injector } from './injector.js';
import { secretField, type SecretFields } from './secret-field.js';

/**
 * A session of cookies that a form opens: one for each handle, since what is in a session of one caller is nothing for
 * another.
 * @throws CredentialFieldMissing, CredentialUnusable
 */
export function openFormLogin(
  injection: FormLogin,
  fields: SecretFields,
  parts: Omit<FormSessionParts, 'injection' | 'username' | 'password'>,
): SessionOpener {
  const username = secretField(fields, injection.username);
  const password = secretField(fields, injection.password);
  const { origin } = parts.resource.destination;
  const isExpired = (answer: AnswerHead): boolean => hasSigns(injection.expired, answer, origin);
  return {
    confidential: [password],
    holder: 'handle',
    open: async ({ expiresAt }): Promise<OpenedSession> => {
      const session = new FormSession({ ...parts, injection, username, password });
      await session.open();
      return {
        injector: cookieInjector(session.cookies),
        renewFrom: expiresAt,
        usableUntil: expiresAt,
        endedBy: isExpired,
        keep: (answer) => withoutOwn(answer.rawHeaders, session.cookies, isExpired(answer)),
        close: () => session.close(),
      };
    },
  };
}

/** What may be read as a cookie of the session is dropped from the caller's. */
const cookieInjector = (cookies: SessionCookies): Injector => ({
  get confidential() {
    return cookies.confidential;
  },
  // RFC 2965: it makes some readers take Cookie in an older syntax.
  replaces: (folded) => folded === 'cookie2',
  inject: (draft) => putCookies(draft, cookies.sentTo(draft.path), cookies.names),
});

/** The session takes what is set under its names, unless that is another session; the caller gets the rest. */
function withoutOwn(
  rawHeaders: readonly Buffer[],
  cookies: SessionCookies,
  isExpired: boolean,
): readonly Buffer[] {
  const set = receivedValuesOf(rawHeaders, 'set-cookie').filter((field) =>
    cookies.has(cookieName(field)),
  );
  if (set.length === 0) return rawHeaders;
  if (!isExpired) for (const field of set) cookies.set(field, '/');
  const isOwn = (index: number): boolean =>
    rawHeaders[index]?.toString('latin1').toLowerCase() === 'set-cookie' &&
    cookies.has(cookieName(rawHeaders[index + 1]?.toString('latin1') ?? ''));
  return rawHeaders.filter((_, index) => !isOwn(index - (index % 2)));
}
