import { PosternError } from '#kernel';
import { type PolicyProblem, problemLine } from './policy-problem.js';

/** Resources cannot be served as registered. The message has one line a problem. */
export class ResourceInvalid extends PosternError {
  override readonly code = 'resource-invalid';

  constructor(readonly problems: readonly PolicyProblem[]) {
    super(problems.map(problemLine).join('\n'));
  }
}
