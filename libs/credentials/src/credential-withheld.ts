import { PosternError } from '#kernel';

/** No call may begin with this credential now, or it is not known whether one may. Nothing was sent. */
export class CredentialWithheld extends PosternError {
  override readonly code = 'credential-unavailable';

  constructor(
    message: string,
    /** After so many seconds it is worth another try. */
    readonly retryAfterSeconds: number,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
