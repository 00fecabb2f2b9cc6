import {
  PinnedCredentials,
  SecretMalformed,
  type SecretStore,
  type SecretVersion,
} from '#credentials';
import { type IntrospectionRegistration } from '#identity';
import { type Clock, type Secret } from '#kernel';

/** By what Postern authenticates as an OAuth client at an issuer (RFC 6749 section 2.3.1). */
export interface ClientCredentials {
  readonly clientId: string;
  readonly clientSecret: Secret;
}

/**
 * The credentials for an issuer. Ends within 30 seconds; may be called at once by many.
 * @throws an error whose message tells an operator what to correct, when there are none. The message holds no secret.
 */
export type ClientSecretOf = (issuer: IntrospectionRegistration) => Promise<ClientCredentials>;

/** The store is asked again after 10 s of use; without a store that confirms them, credentials end after this. */
const CACHED_SECONDS_MAX = 60;
const CREDENTIAL_CHARACTERS_MAX = 1024;
// RFC 6749 appendix A.1 and A.2: VSCHAR.
const VSCHAR = /^[\x20-\x7e]+$/;

/**
 * The credentials of each issuer from where its registration says: fields `client_id` and `client_secret`. Remembered
 * by mount and path together; a new version is used within some ten seconds.
 */
export function vaultClientSecrets(parts: {
  readonly store: SecretStore;
  readonly clock: Clock;
}): ClientSecretOf {
  const pinned = new PinnedCredentials({ ...parts, staleSecondsMax: CACHED_SECONDS_MAX });
  return async ({ clientSecret: ref }) => {
    const version = await pinned.current(ref);
    return {
      clientId: readField(version, 'client_id').reveal(),
      clientSecret: readField(version, 'client_secret'),
    };
  };
}

/** @throws SecretMalformed */
function readField({ ref, fields }: SecretVersion, name: string): Secret {
  const field = fields.get(name);
  if (field === undefined) throw new SecretMalformed(ref, `it has no field ${name}`);
  const text = field.reveal();
  if (text.length > CREDENTIAL_CHARACTERS_MAX || !VSCHAR.test(text)) {
    const form = `1 to ${CREDENTIAL_CHARACTERS_MAX} printable ASCII characters`;
    throw new SecretMalformed(ref, `its ${name} is not ${form}`);
  }
  return field;
}

/**
 * RFC 6749 section 2.3.1: each is form-urlencoded before the two are joined, so that a colon in the id stays one. Hand
 * the value to the request and keep it nowhere.
 */
export const basicAuthorization = ({ clientId, clientSecret }: ClientCredentials): string => {
  const joined = `${formUrlEncoded(clientId)}:${formUrlEncoded(clientSecret.reveal())}`;
  return `Basic ${Buffer.from(joined).toString('base64')}`;
};

const formUrlEncoded = (text: string): string =>
  new URLSearchParams([['', text]]).toString().slice('='.length);
