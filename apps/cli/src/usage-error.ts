import { PosternError } from '#kernel';

/** The command was given something that it cannot work with; the message says what to do. */
export class UsageError extends PosternError {
  override readonly code = 'usage';
}
