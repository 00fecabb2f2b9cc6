export { authorizationServerMetadata } from './authorization-server-metadata.js';
export { type CallerContext } from './caller-context.js';
export { ClientAssertions, type ClientAssertionsParts } from './client-assertions.js';
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
} from './operator-authentication.js';
export { Revocation } from './revocation.js';
export { type RevocationOrder, RevokeHandles } from './revoke-handles.js';
export { type IssuedHandle, TokenExchange, type TokenExchangeParts } from './token-exchange.js';
export { ACCESS_TOKEN_TYPE } from './token-exchange-request.js';
