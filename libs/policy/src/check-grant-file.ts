import { type GrantContext } from './grant-context.js';
import { type GrantFile } from './grant-file.js';
import { type PolicyProblem, type ReportProblem } from './policy-problem.js';
import { type Resource } from './resource.js';
import { checkCondition, checkPattern } from './check-pattern.js';
import { checkSubject } from './check-subject.js';
import { canBePresented, requiredBinding } from './decide-binding.js';

const DAY_MS = 86_400_000;
const REVIEW_DAYS_MAX = 90;
const OWN_DENIES_MIN = 3;
const PRODUCTION = 'prod';

/** Everything that is wrong with one well-formed grant file by itself and by what it refers to. */
export function checkGrantFile(
  where: string,
  file: GrantFile,
  context: GrantContext,
): readonly PolicyProblem[] {
  const problems: PolicyProblem[] = [];
  const report: ReportProblem = (path, what) => problems.push({ where, path, what });
  checkPattern(file, report);
  checkCondition(file, report);
  checkApproval(file, context, report);
  checkReview(file, context, report);
  checkNames(file, context, report);
  checkSubject('subject', file.subject, report);
  if (file.actor !== null) checkSubject('actor', file.actor, report);
  checkDefaultScopes(file, report);
  checkBinding(file, report);
  checkTestCount(file, report);
  checkAgainstResource(file, context, report);
  return problems;
}

function checkApproval(file: GrantFile, context: GrantContext, report: ReportProblem): void {
  const same = (one: string, other: string): boolean =>
    one.trim().toLowerCase() === other.trim().toLowerCase();
  if (file.approvedBy.some((approver) => same(approver, file.owner))) {
    report('approvedBy', `the owner, ${file.owner}, cannot approve their own grant`);
  }
  if (context.environment === PRODUCTION && file.approvedBy.length === 0) {
    report('approvedBy', `environment ${PRODUCTION} needs at least one approver`);
  }
}

function checkReview(file: GrantFile, context: GrantContext, report: ReportProblem): void {
  if (file.reviewBy.getTime() - DAY_MS < file.created.getTime()) {
    report('reviewBy', 'lies before created');
  }
  const today = Math.floor(context.now.getTime() / DAY_MS);
  const daysAhead = Math.floor(file.reviewBy.getTime() / DAY_MS) - 1 - today;
  if (context.environment === PRODUCTION && daysAhead > REVIEW_DAYS_MAX) {
    report(
      'reviewBy',
      `lies ${daysAhead} days ahead, in environment ${PRODUCTION} at most ${REVIEW_DAYS_MAX}`,
    );
  }
}

function checkNames(file: GrantFile, context: GrantContext, report: ReportProblem): void {
  checkIssuer('subject.issuer', file.subject.issuer, context, report);
  checkIssuer('actor.issuer', file.actor?.issuer, context, report);
  file.tests.forEach((test, index) => {
    const path = `tests[${index}].${'permit' in test ? 'permit' : 'deny'}`;
    const { issuer, resource, actor } = 'permit' in test ? test.permit : test.deny;
    checkIssuer(`${path}.issuer`, issuer, context, report);
    checkIssuer(`${path}.actor.issuer`, actor?.issuer, context, report);
    // A deny of what does not exist would pass on nothing.
    if (resource !== undefined && context.resources.find(resource) === undefined) {
      report(`${path}.resource`, `no resource is registered as "${resource}"`);
    }
  });
}

function checkIssuer(
  path: string,
  issuer: string | undefined,
  { issuers }: GrantContext,
  report: ReportProblem,
): void {
  if (issuer !== undefined && !issuers.has(issuer)) {
    report(path, `no issuer is registered as "${issuer}"`);
  }
}

function checkDefaultScopes(file: GrantFile, report: ReportProblem): void {
  for (const scope of file.defaultScopes ?? []) {
    if (!file.scopes.includes(scope)) {
      report('defaultScopes', `"${scope}" is not one of the grant's scopes`);
    }
  }
}

function checkBinding(file: GrantFile, report: ReportProblem): void {
  if (file.binding === 'none' && file.bindingJustification === undefined) {
    report('bindingJustification', 'binding none needs a justification');
  }
}

function checkTestCount({ tests }: GrantFile, report: ReportProblem): void {
  const permits = tests.filter((test) => 'permit' in test).length;
  if (permits === 0) report('tests', 'expected at least one permit');
  if (tests.length - permits < OWN_DENIES_MIN) {
    report('tests', `expected at least ${OWN_DENIES_MIN} denies, found ${tests.length - permits}`);
  }
}

function checkAgainstResource(
  file: GrantFile,
  { resources }: GrantContext,
  report: ReportProblem,
): void {
  const resource = resources.find(file.resource);
  if (resource === undefined) {
    report('resource', `no resource is registered as "${file.resource}"`);
    return;
  }
  checkScopes(file, resource, report);
  checkBindings(file, resource, report);
  const { maxTtlSeconds, maxCalls } = resource.handle;
  if (file.maxTtl > maxTtlSeconds) {
    report('maxTtl', `${file.maxTtl}s is longer than the resource's maxTtl, ${maxTtlSeconds}s`);
  }
  if (file.maxCalls !== undefined && file.maxCalls > maxCalls) {
    report('maxCalls', `${file.maxCalls} is more than the resource's maxCalls, ${maxCalls}`);
  }
}

function checkScopes(file: GrantFile, resource: Resource, report: ReportProblem): void {
  file.scopes.forEach((scope, index) => {
    if (resource.scopes.has(scope)) return;
    const known = [...resource.scopes.keys()].join(', ');
    report(`scopes[${index}]`, `resource ${resource.id} has no scope "${scope}", it has ${known}`);
  });
}

function checkBindings(file: GrantFile, resource: Resource, report: ReportProblem): void {
  const required = requiredBinding(file.binding, resource.handle.binding);
  if (required === undefined) {
    const wanted = resource.handle.binding;
    report('binding', `is ${file.binding}, but resource ${resource.id} wants ${wanted}`);
  }
  if ((required === 'none' || required === 'mtls') && !canBePresented(required, resource)) {
    const taken = resource.presentations.join(', ');
    const better = required === 'mtls' && taken.includes('basic') ? 'dpop or none' : 'dpop';
    report('binding', `resource ${resource.id} takes handles as ${taken} only: use ${better}`);
  }
}
