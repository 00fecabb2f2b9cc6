import { PosternError } from '#kernel';
import { type PolicyProblem, problemLine } from './policy-problem.js';

/** Grant files do not make a set. The message has one line a problem; none of the files takes effect. */
export class GrantSetInvalid extends PosternError {
  override readonly code = 'grant-set-invalid';

  constructor(
    readonly problems: readonly PolicyProblem[],
    options?: ErrorOptions,
  ) {
    super(problems.map(problemLine).join('\n'), options);
  }
}
