import { PosternError } from '#kernel';

/** A record that no later try would handle: of evidence it becomes a dead letter at once. */
export abstract class HopelessRecord extends PosternError {
  /** A word for metrics and dead letters; never what the record says. */
  abstract readonly reason: string;
}
