import { PosternError } from '#kernel';

/** The secret is there, and cannot be put on a call in the registered way. Names the field, never its value. */
export class CredentialUnusable extends PosternError {
  override readonly code = 'credential-unusable';
}

/** The secret has no field of the name that the registration gives. */
export class CredentialFieldMissing extends PosternError {
  override readonly code = 'credential-unavailable';
}
