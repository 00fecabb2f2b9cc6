import { compileOperation } from './compile-operation.js';
import { type Operation } from './operation.js';
import { OperationInvalid } from './operation-invalid.js';
import { operationsOverlap } from './operations-overlap.js';
import { PATH_EXCEPTIONS, type PathException } from './path-exception.js';
import { type PolicyProblem } from './policy-problem.js';
import {
  type BindingRequirement,
  POSTERN_RESOURCE_ID,
  type Presentation,
  type Resource,
  resourceUriOf,
} from './resource.js';
import { ResourceInvalid } from './resource-invalid.js';
import { isScopeToken } from './scope-token.js';

/** A resource as registered, with durations in seconds. */
export interface ResourceRegistration {
  readonly id: string;
  readonly environment: string;
  readonly owner: string;
  readonly presentations: readonly Presentation[];
  /** Scope name to operations as written, such as `GET /accounts/**`. */
  readonly scopes: Readonly<Record<string, readonly string[]>>;
  readonly forbid: readonly string[];
  /** Exceptions that its paths need, each with the reason. */
  readonly allow: Readonly<Partial<Record<PathException, string | undefined>>>;
  readonly handle: {
    readonly ttlSeconds: number;
    readonly maxTtlSeconds: number;
    readonly maxCalls: number;
    readonly concurrencyMax: number;
    readonly binding: BindingRequirement;
  };
}

export interface ResourceContext {
  /** Without a trailing slash. */
  readonly publicOrigin: string;
  /** The one environment that this deployment serves. */
  readonly environment: string;
}

type Report = (path: string, what: string) => void;

const RESOURCE_ID = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/**
 * Compiles one registered resource. Every problem is reported, not only the first.
 * @throws ResourceInvalid
 */
export function compileResource(entry: ResourceRegistration, context: ResourceContext): Resource {
  const problems: PolicyProblem[] = [];
  const report: Report = (path, what) =>
    problems.push({ where: `resource ${JSON.stringify(entry.id)}`, path, what });
  checkId(entry, report);
  checkEnvironment(entry, context, report);
  checkPresentations(entry, report);
  checkHandle(entry, report);
  checkAllow(entry, report);
  const forbid = compileOperations(entry.forbid, 'forbid', report);
  const scopes = compileScopes(entry, report);
  refuseForbidden(scopes, forbid, report);
  if (problems.length > 0) throw new ResourceInvalid(problems);
  const { id, environment, owner, presentations, handle } = entry;
  const uri = resourceUriOf(context.publicOrigin, id);
  const pathExceptions = new Set(PATH_EXCEPTIONS.filter((name) => entry.allow[name] !== undefined));
  return { id, uri, environment, owner, presentations, scopes, forbid, pathExceptions, handle };
}

function checkId({ id }: ResourceRegistration, report: Report): void {
  if (id === POSTERN_RESOURCE_ID) {
    report('id', `"${POSTERN_RESOURCE_ID}" is reserved for Postern's own operations`);
  } else if (!RESOURCE_ID.test(id)) {
    report('id', 'expected 1 to 63 of a-z, 0-9 and "-", with neither end a "-"');
  }
}

function checkEnvironment(
  { environment }: ResourceRegistration,
  context: ResourceContext,
  report: Report,
): void {
  if (environment === context.environment) return;
  report(
    'environment',
    `is "${environment}", but this deployment serves "${context.environment}" only: register it with the deployment of "${environment}"`,
  );
}

function checkPresentations({ presentations }: ResourceRegistration, report: Report): void {
  if (presentations.length === 0) report('presentations', 'expected [bearer]');
}

function checkHandle({ handle }: ResourceRegistration, report: Report): void {
  const { ttlSeconds, maxTtlSeconds, maxCalls, concurrencyMax } = handle;
  if (!isPositive(ttlSeconds)) report('handle.ttl', 'expected at least one second');
  if (ttlSeconds > maxTtlSeconds) {
    report('handle.ttl', `${ttlSeconds}s is longer than maxTtl, ${maxTtlSeconds}s`);
  }
  if (!isPositive(maxCalls)) report('handle.maxCalls', 'expected at least one call');
  if (!isPositive(concurrencyMax)) report('handle.maxConcurrency', 'expected at least one call');
}

function checkAllow({ allow }: ResourceRegistration, report: Report): void {
  for (const [name, reason] of Object.entries(allow)) {
    if (reason?.trim() === '') report(`allow.${name}`, 'expected why the resource needs it');
  }
}

const isPositive = (count: number): boolean => Number.isSafeInteger(count) && count > 0;

function compileScopes(
  entry: ResourceRegistration,
  report: Report,
): ReadonlyMap<string, readonly Operation[]> {
  const names = Object.entries(entry.scopes);
  if (names.length === 0) report('scopes', 'expected at least one scope');
  return new Map(
    names.map(([name, operations]) => {
      const path = `scopes[${JSON.stringify(name)}]`;
      if (!isScopeToken(name)) {
        report(
          path,
          'a scope name is printable ASCII without space, " and \\ (RFC 6749 section 3.3)',
        );
      }
      if (operations.length === 0) report(path, 'expected at least one operation');
      return [name, compileOperations(operations, path, report)];
    }),
  );
}

function compileOperations(
  texts: readonly string[],
  path: string,
  report: Report,
): readonly Operation[] {
  return texts.flatMap((text, index) => {
    try {
      return [compileOperation(text)];
    } catch (error) {
      if (!(error instanceof OperationInvalid)) throw error;
      report(`${path}[${index}]`, error.message);
      return [];
    }
  });
}

function refuseForbidden(
  scopes: ReadonlyMap<string, readonly Operation[]>,
  forbid: readonly Operation[],
  report: Report,
): void {
  for (const [name, operations] of scopes) {
    for (const operation of operations) {
      const forbidden = forbid.find((one) => operationsOverlap(one, operation));
      if (forbidden === undefined) continue;
      report(
        `scopes[${JSON.stringify(name)}]`,
        `"${operation.method} ${operation.template}" covers calls that forbid lists as "${forbidden.method} ${forbidden.template}"`,
      );
    }
  }
}
