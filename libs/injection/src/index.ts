export { type AmbiguityRule, AmbiguousRequest } from './ambiguous-request.js';
export { BudgetedCallLedger, type BudgetedCallLedgerParts } from './budgeted-call-ledger.js';
export { CallDenied, type CallDenial, type CallDenialCode } from './call-denied.js';
export { CallFailed, type CallFailureCode, type CutCause } from './call-failed.js';
export {
  type CallFinish,
  CallLedger,
  type CallReservation,
  type CallStart,
  type FirstUse,
  type StartOutcome,
  type UnusedCalls,
} from './call-ledger.js';
export { CallReserve, type CallReserveParts, RESERVE_AGE_MS } from './call-reserve.js';
export { CallRestrictions, type CallRestrictionsParts } from './call-restrictions.js';
export { RECHECK_EVERY_MS, type RecheckObserver } from './calls-in-flight.js';
export { type CanonicalRequest, canonicalRequest, PROXY_PREFIX } from './canonical-request.js';
export {
  compileProxiedResource,
  type ProxiedResourceContext,
  type ProxiedResourceRegistration,
} from './compile-proxied-resource.js';
export { type CallContext, type CallerResponse, type IncomingCall } from './incoming-call.js';
export { endLostCalls } from './lost-calls.js';
export { InjectionPipeline, type InjectionParts } from './injection-pipeline.js';
export { type Injection } from './injection.js';
export { type TlsIdentity } from './injectors/injector.js';
export { type CallLimits, type Destination, type ProxiedResource } from './proxied-resource.js';
export { type AccessToken, TokenNotGiven, type TokenRequest, TokenSource } from './token-source.js';
export { isSilentOnValue } from './silent-status.js';
export { type TrialAnswer, TrialCall, type TrialRequest } from './trial-call.js';
export {
  Upstream,
  type UpstreamController,
  UpstreamFailed,
  type UpstreamRequest,
  type UpstreamResponseSink,
} from './upstream.js';
