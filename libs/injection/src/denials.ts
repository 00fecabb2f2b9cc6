import { type Handle } from '#handles';
import { DependencyUnavailable } from '#kernel';
import { type Presentation } from '#policy';
import { AmbiguousRequest } from './ambiguous-request.js';
import { CallDenied } from './call-denied.js';
import { type CallLedger, type StartOutcome } from './call-ledger.js';
import { type ProxiedResource } from './proxied-resource.js';

/**
 * A resource takes handles as it says, also one that was issued before it said so; one that is bound by DPoP is presented
 * with its proof, wherever handles are.
 * @throws CallDenied
 */
export function refuseUnpresentable(
  { presentations }: ProxiedResource,
  { binding }: Handle,
  scheme: Presentation,
): void {
  if (binding.kind === 'dpop' || presentations.includes(scheme)) return;
  throw new CallDenied({
    code: 'invalid_token',
    reason: 'presentation_not_allowed',
    detail: `the resource takes handles as ${presentations.join(', ')} only`,
  });
}

/** @throws CallDenied unless the ledger counted the call */
export function requireStarted(outcome: StartOutcome): void {
  switch (outcome) {
    case 'started':
      return;
    case 'exhausted':
      throw new CallDenied({
        code: 'calls-exhausted',
        reason: 'calls_exhausted',
        detail: 'the handle has made all of its calls',
      });
    case 'not-live':
      throw new CallDenied({
        code: 'invalid_token',
        reason: 'revoked',
        detail: 'the ledger says that the handle is not live any more',
      });
  }
}

/**
 * Nothing is begun whose record could not be kept: calls are refused before records would be dropped.
 * @throws CallDenied
 */
export function requireRoom({ hasRoom }: CallLedger): void {
  if (hasRoom) return;
  throw new CallDenied({
    code: 'overloaded',
    reason: 'overloaded',
    detail: 'too many records of calls wait to be written',
  });
}

/** The call could not be counted: nothing may be sent. */
export const uncounted = (error: unknown): CallDenied =>
  error instanceof CallDenied
    ? error
    : new CallDenied(
        {
          code: 'dependency-unavailable',
          reason: 'dependency_unavailable',
          detail: `the call cannot be counted and recorded: ${dependencyOf(error)}`,
          severity: 'ERROR',
        },
        { cause: error },
      );

/** The refusal could not be recorded: it must not be given, and whether it was right is not said. */
export const unrecorded = (error: unknown): CallDenied =>
  new CallDenied(
    {
      code: 'dependency-unavailable',
      reason: 'dependency_unavailable',
      detail: `the event of a denied call cannot be written: ${dependencyOf(error)}`,
      severity: 'ERROR',
    },
    { cause: error },
  );

/** What a thrown error means for the caller; what nobody foresaw is a denial too. */
export function deniedBecause(error: unknown): CallDenied {
  if (error instanceof CallDenied) return error;
  if (error instanceof AmbiguousRequest) {
    return new CallDenied(
      { code: 'ambiguous-request', reason: 'ambiguous_request', detail: error.message },
      { cause: error },
    );
  }
  return new CallDenied(
    {
      code: 'internal-error',
      reason: 'internal_error',
      detail: `unexpected failure: ${error instanceof Error ? error.name : typeof error}`,
      severity: 'ERROR',
    },
    { cause: error },
  );
}

const dependencyOf = (error: unknown): string =>
  error instanceof DependencyUnavailable
    ? `${error.dependency} is unavailable`
    : 'unexpected failure';
