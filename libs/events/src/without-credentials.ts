/** What is behind is cut off before it is looked at. */
const READ_CHARACTERS_MAX = 4096;
/** Handles, and JWTs in compact form (RFC 7515 section 7.1). Bounded, so that a hostile text costs little time. */
const CREDENTIAL =
  /pst_[a-z0-9-]{1,32}_[0-9A-Za-z]{20,}|eyJ[\w-]{8,1024}\.[\w-]{2,}(?:\.[\w-]*){0,3}/g;

/**
 * The beginning of a text of a caller, such as its User-Agent or the audience that it asks for, as events carry it: no
 * handle and no token, should the caller put in there what belongs elsewhere.
 */
export const withoutCredentials = (text: string, charactersMax: number): string =>
  text.slice(0, READ_CHARACTERS_MAX).replace(CREDENTIAL, '[redacted]').slice(0, charactersMax);
