import { PosternError } from '#kernel';

/** The text is not an operation such as `GET /accounts/{id}`. */
export class OperationInvalid extends PosternError {
  override readonly code = 'operation-invalid';

  constructor(
    readonly text: string,
    what: string,
  ) {
    super(`operation ${JSON.stringify(text)}: ${what}`);
  }
}
