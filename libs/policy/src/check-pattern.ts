import { compileCondition, ConditionInvalid } from './condition.js';
import { type GrantFile } from './grant-file.js';
import { type ReportProblem } from './policy-problem.js';

/** What goes together with a pattern: patterns are enforced, so what one has no use for would be a dead letter. */
export function checkPattern(file: GrantFile, report: ReportProblem): void {
  if (file.actor !== null && file.pattern !== 'delegation') {
    report('actor', `pattern ${file.pattern} has no actor: use delegation, or null`);
  }
  if (file.maxChainDepth > 0 && file.pattern === 'federation') {
    report('maxChainDepth', 'pattern federation has no chain: use downscoping or delegation, or 0');
  }
  if (isChained(file) && file.maxCalls === undefined) {
    report('maxCalls', 'is needed: the calls are taken from those of the handle that is presented');
  }
  if (isChained(file) && Object.keys(file.subject.claims ?? {}).length > 0) {
    report(
      'subject.claims',
      'cannot be told of a handle, which keeps no claims: use id or segments',
    );
  }
}

const isChained = ({ pattern, maxChainDepth }: GrantFile): boolean =>
  pattern === 'downscoping' && maxChainDepth > 0;

export function checkCondition({ when }: GrantFile, report: ReportProblem): void {
  if (when === undefined) return;
  try {
    compileCondition(when);
  } catch (error) {
    if (!(error instanceof ConditionInvalid)) throw error;
    report('when', error.message);
  }
}
