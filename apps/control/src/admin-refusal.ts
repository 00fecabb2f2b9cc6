import { PosternError } from '#kernel';

/** What is asked for cannot be done; the message tells the operator why. */
export abstract class AdminRefusal extends PosternError {
  abstract readonly status: number;
}

/** The request does not fit; the message names the member. */
export class BadAdminRequest extends AdminRefusal {
  override readonly code = 'bad-request';
  override readonly status = 400;
}

export class HandleUnknown extends AdminRefusal {
  override readonly code = 'handle-unknown';
  override readonly status = 404;
}
