import { compileGrant } from './compile-grant.js';
import { compileGrantSet, type GrantFileText } from './compile-grant-set.js';
import { decide } from './decide.js';
import { type AccessRequest } from './access-request.js';
import { type Grant } from './grant.js';
import { type GrantContext } from './grant-context.js';
import { grantMutants } from './grant-mutants.js';
import { grantSetOf } from './grant-set.js';
import { ownTestRequest } from './own-test-request.js';
import { parseGrantFile } from './parse-grant-file.js';
import { type PolicyProblem } from './policy-problem.js';

export interface GrantTestReport {
  readonly grants: number;
  /** Mutants that were tried; none is a failed test run. */
  readonly mutants: number;
  /** Mutants that a grant permits although it must not. */
  readonly survivors: readonly PolicyProblem[];
}

/**
 * `postern grants test`: the grants' own tests (compileGrantSet runs them), then mutants of each request that an own
 * test says is permitted, each against a set of that grant alone.
 * @throws GrantSetInvalid when the files do not make a set.
 */
export function testGrants(
  files: readonly GrantFileText[],
  context: GrantContext,
): GrantTestReport {
  const { grants } = compileGrantSet(files, context);
  const tried = files.flatMap((file) => tryMutants(file, context));
  return {
    grants: grants.length,
    mutants: tried.length,
    survivors: tried.flatMap(({ survivor }) => (survivor === undefined ? [] : [survivor])),
  };
}

interface Trial {
  readonly survivor: PolicyProblem | undefined;
}

function tryMutants({ file: where, text }: GrantFileText, context: GrantContext): Trial[] {
  const file = parseGrantFile(where, text);
  const resource = context.resources.find(file.resource);
  if (resource === undefined) return [];
  const grant = compileGrant(where, file, context);
  return file.tests.flatMap((test, index) =>
    'permit' in test
      ? trials(grant, ownTestRequest(test.permit, grant, resource, context), context).map(
          (what) => ({
            survivor:
              what === undefined ? undefined : { where, path: `tests[${index}].permit`, what },
          }),
        )
      : [],
  );
}

/** For each mutant what is wrong, or undefined. */
function trials(
  grant: Grant,
  permitted: AccessRequest,
  context: GrantContext,
): readonly (string | undefined)[] {
  const alone = grantSetOf([grant], context.now);
  return grantMutants(grant, permitted, context).map(({ what, request }) =>
    decide(alone, request).effect === 'permit' ? `is permitted with ${what} too` : undefined,
  );
}
