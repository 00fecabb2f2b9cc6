import { valuesOf } from './header-values.js';
import { type Presentation } from '#policy';
import { handleOfBasic } from './basic-presentation.js';
import { CallDenied } from './call-denied.js';
import { type CanonicalRequest } from './canonical-request.js';
import { queryNames } from './canonical-query.js';

/** RFC 6750 section 2.1, RFC 9449 section 7.1: scheme, one space, one token; the scheme in any case. */
const PRESENTED = /^(?<scheme>bearer|dpop) +(?<handle>[A-Za-z0-9\-._~+/]+=*) *$/i;

/** A handle and how it was presented. */
export interface PresentedHandle {
  readonly scheme: Presentation;
  readonly handle: string;
}

/**
 * The one handle that was presented, as `Authorization: Bearer` or `DPoP`, or `Basic` where `taken` (the presentations of
 * the resource) has it. Nothing else counts: a handle in a query or in a form would stay in logs (RFC 6750 section 5.3).
 * @throws CallDenied
 */
export function presentedHandle(
  request: Pick<CanonicalRequest, 'query' | 'path'>,
  rawHeaders: readonly string[],
  taken: readonly Presentation[] = [],
): PresentedHandle {
  refuseInQuery(request.query);
  const authorization = onlyAuthorization(rawHeaders);
  if (authorization === undefined) {
    throw new CallDenied({
      code: 'missing-handle',
      reason: 'missing_handle',
      detail: 'no Authorization header',
    });
  }
  const presented = credentialOf(authorization, taken.includes('basic'));
  if (presented === undefined) throw unacceptable(authorization);
  const { handle } = presented;
  if (request.query.includes(handle) || request.path.includes(handle)) {
    throw new CallDenied({
      code: 'invalid_request',
      reason: 'presentation_not_allowed',
      detail: 'the handle stands in the request target as well',
    });
  }
  return presented;
}

function credentialOf(authorization: string, takesBasic: boolean): PresentedHandle | undefined {
  const { scheme, handle } = PRESENTED.exec(authorization)?.groups ?? {};
  if (handle !== undefined) {
    return { scheme: scheme?.toLowerCase() === 'dpop' ? 'dpop' : 'bearer', handle };
  }
  const password = takesBasic ? handleOfBasic(authorization) : undefined;
  return password === undefined ? undefined : { scheme: 'basic', handle: password };
}

function refuseInQuery(query: string): void {
  if (!queryNames(query).includes('access_token')) return;
  throw new CallDenied({
    code: 'invalid_request',
    reason: 'presentation_not_allowed',
    detail: 'the query has a parameter access_token: a handle is presented in Authorization only',
  });
}

function onlyAuthorization(rawHeaders: readonly string[]): string | undefined {
  const [found, another] = valuesOf(rawHeaders, 'authorization');
  if (another === undefined) return found;
  throw new CallDenied({
    code: 'invalid_request',
    reason: 'presentation_not_allowed',
    detail: 'more than one Authorization header',
  });
}

function unacceptable(authorization: string): CallDenied {
  const otherScheme = /^basic\b/i.test(authorization);
  return new CallDenied({
    code: 'invalid_token',
    reason: otherScheme ? 'presentation_not_allowed' : 'malformed',
    detail: otherScheme
      ? 'a Basic credential in another form, or for a resource that takes none'
      : 'Authorization is not one Bearer or DPoP credential',
  });
}
