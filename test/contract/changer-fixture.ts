import { type ChangerSettings, credentialChanger } from '#adapters/changers';
import { type SecretRef } from '#credentials';
import { type CredentialChanger, type SecretFields } from '#rotation';
import { accountFields, type ChangerVariant } from '#testing';

export const FIELDS = { username: 'username', password: 'password' };
export const BY = { ref: { mount: 'secret', path: 'postern/admin' } };
export const RECONCILE = { ref: { mount: 'secret', path: 'postern/reconcile' } };

/** The changer of settings, whose privileged and reconcile accounts are the administrator of the legacy system. */
export function changerOf(
  settings: ChangerSettings,
  admin: { readonly username: string; readonly password: string },
  { wrongLogin = false }: ChangerVariant = {},
): CredentialChanger {
  const read = async (_ref: SecretRef): Promise<SecretFields> =>
    accountFields(admin.username, wrongLogin ? 'not the password' : admin.password);
  return credentialChanger(settings, { read });
}

/** User name and password as text. */
export const accountIn = (fields: SecretFields): { username: string; password: string } => ({
  username: fields.get('username')!.reveal(),
  password: fields.get('password')!.reveal(),
});
