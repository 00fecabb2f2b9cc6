import { decide } from './decide.js';
import { type AccessDecision } from './decision.js';
import { type Grant, type GrantSet } from './grant.js';
import { type GrantContext } from './grant-context.js';
import { type GrantFile } from './grant-file.js';
import { ownTestRequest } from './own-test-request.js';
import { type PolicyProblem } from './policy-problem.js';

/** Runs a grant file's own tests against the whole set. A permit must come from this very grant. */
export function runOwnTests(
  { file, grant }: { readonly file: GrantFile; readonly grant: Grant },
  set: GrantSet,
  context: GrantContext,
): readonly PolicyProblem[] {
  return file.tests.flatMap((test, index) => {
    const effect = 'permit' in test ? 'permit' : 'deny';
    const question = 'permit' in test ? test.permit : test.deny;
    const path = `tests[${index}].${effect}`;
    const resource = context.resources.find(question.resource ?? grant.resource);
    if (resource === undefined) return []; // checkGrantFile has told it.
    const answer = decide(set, ownTestRequest(question, grant, resource, context));
    const fault = faultOf(effect, answer, grant);
    return fault === undefined ? [] : [{ where: grant.file, path, what: fault }];
  });
}

function faultOf(
  expected: 'permit' | 'deny',
  answer: AccessDecision,
  grant: Grant,
): string | undefined {
  if (answer.effect === 'deny') {
    return expected === 'permit' ? `is denied: ${answer.detail}` : undefined;
  }
  if (expected === 'permit' && answer.grant.id === grant.id) return undefined;
  return `is permitted by grant ${answer.grant.id}`;
}
