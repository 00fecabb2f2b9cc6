import { PosternError } from '#kernel';

/** What must be refused was permitted: the process must not be trusted with anything else. */
export class ProbeBreached extends PosternError {
  override readonly code = 'probe-breached';
}
