import { PosternError } from '#kernel';

/** Another relay may hold the shards by now: stop before the next send, then lease again. */
export class OutboxLeaseLost extends PosternError {
  override readonly code = 'outbox-lease-lost';
}
