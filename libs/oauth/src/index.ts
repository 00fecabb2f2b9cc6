export {
  type AuthorizationServer,
  authorizationServer,
  type AuthorizationServerPorts,
  operatorAuthentication,
  type OperatorPorts,
} from './authorization-server.js';
export { authorizationServerMetadata } from './authorization-server-metadata.js';
export { type CallerContext } from './caller-context.js';
export { ClientAssertions, type ClientAssertionsParts } from './client-assertions.js';
export { ExchangeRestrictions, type ExchangeRestrictionsParts } from './exchange-restrictions.js';
export { BODY_BYTES_MAX, Form, type FormRequest } from './form.js';
export {
  Introspection,
  type IntrospectionParts,
  type IntrospectionResult,
} from './introspection.js';
export { OAuthError, type OAuthErrorCode } from './oauth-error.js';
export {
  type Operator,
  OperatorAuthentication,
  type OperatorAuthenticationParts,
  type OperatorRequest,
} from './operator-authentication.js';
export { LEAK_REPORT_BYTES_MAX } from './leak-report.js';
export { LeakReportRefused } from './leak-report-refused.js';
export { type LeakReporter, LeakReportKeys } from './leak-reporters.js';
export {
  type LeakFeedback,
  type LeakReportDelivery,
  ReceiveLeakReport,
  type ReceiveLeakReportParts,
} from './receive-leak-report.js';
export { ReceiveSecurityEvent, type ReceiveSecurityEventParts } from './receive-security-event.js';
export { ReviewCadence, type ReviewCadenceParts } from './review-cadence.js';
export { type ReviewNotice, ReviewNotices } from './review-notices.js';
export { protectedResourceMetadata } from './protected-resource-metadata.js';
export { Revocation } from './revocation.js';
export { isSealed, SEALED_TOKEN_CHARACTERS_MAX } from './rotate-command.js';
export {
  type CommandedRotation,
  type RotationOrderOutcome,
  RotationOrders,
} from './rotation-orders.js';
export { type RevocationOrder, RevokeHandles } from './revoke-handles.js';
export {
  CarryOutSecurityEvent,
  type CarryOutSecurityEventParts,
} from './carry-out-security-event.js';
export { ChangeHandles, clearedEvent, type HandleOrder } from './change-handles.js';
export { ReceiveCommand, type ReceiveCommandParts } from './receive-command.js';
export {
  type CallDetails,
  type IssuedHandle,
  TokenExchange,
  type TokenExchangeParts,
} from './token-exchange.js';
export { ACCESS_TOKEN_TYPE } from './token-exchange-request.js';
export { LiveHandles, type LiveHandlesParts } from './live-handles.js';
export { OriginWatch, type OriginWatchParts } from './origin-watch.js';
export { CALL_DETAILS_TYPE } from './parse-intent.js';
export { PresentedTokens, type PresentedTokensParts } from './presented-tokens.js';
