export { type CallFinish, CallLedger, type CallStart, type StartOutcome } from './call-ledger.js';
export { type CallContext, type CallerResponse, type IncomingCall } from './incoming-call.js';
export {
  type CallLimits,
  type Destination,
  type Injection,
  type ProxiedResource,
} from './proxied-resource.js';
export {
  Upstream,
  type UpstreamController,
  UpstreamFailed,
  type UpstreamRequest,
  type UpstreamResponseSink,
} from './upstream.js';
