export { AddressRefused, guardedLookup, permitsAddress } from './address-guard.js';
export { checkedUrl, EndpointRefused, guardedAgent, readAtMost } from './guarded-endpoint.js';
export { DestinationUpstream } from './destination-upstream.js';
export { Http2Upstream } from './http2-upstream.js';
export {
  type HttpCheck,
  HttpCredentialProbe,
  type HttpCredentialProbeParts,
} from './http-credential-probe.js';
export { HttpTokenSource } from './http-token-source.js';
export { UndiciUpstream } from './undici-upstream.js';
