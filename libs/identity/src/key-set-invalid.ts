import { PosternError } from '#kernel';

/** What an issuer publishes is not a key set that may be used. The message names the rule, never key material. */
export class KeySetInvalid extends PosternError {
  override readonly code = 'key-set-invalid';
}
