import {
  type ArgumentsHost,
  Catch,
  type ExceptionFilter,
  HttpException,
  Inject,
} from '@nestjs/common';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { DPOP_ALGORITHMS } from '#identity';
import { DependencyUnavailable } from '#kernel';
import { OAuthError, type OAuthErrorCode } from '#oauth';
import { ClientCertificateUnreadable } from '#platform';
import { correlationIdOf } from './caller.js';
import { StsSettings } from './sts-settings.js';

const STATUS: Record<OAuthErrorCode, number> = {
  invalid_request: 400,
  invalid_client: 401,
  unauthorized_client: 400,
  unsupported_grant_type: 400,
  unsupported_token_type: 400,
  invalid_scope: 400,
  invalid_target: 400,
  insufficient_scope: 403,
  invalid_authorization_details: 400,
  invalid_dpop_proof: 400,
  use_dpop_nonce: 400,
  temporarily_unavailable: 503,
};
const RETRY_AFTER_SECONDS = 2;
/** RFC 6585 section 4. */
const TOO_MANY = 429;

/** Every failure as RFC 6749 section 5.2 has it: terse and constant. What was wrong is in the event. */
@Catch()
export class OAuthErrorFilter implements ExceptionFilter {
  constructor(@Inject(StsSettings) private readonly settings: StsSettings) {}

  catch(failure: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const error = errorOf(failure);
    const status = failure instanceof HttpException ? failure.getStatus() : statusOf(error);
    if (status >= 500) this.settings.onFault(failure);
    // What is left of a body that was too large is not read: where the next request begins, nobody knows.
    if (!request.raw.complete) void reply.header('connection', 'close');
    if (status === 503 || status === TOO_MANY) {
      void reply.header('retry-after', error.retryAfterSeconds ?? RETRY_AFTER_SECONDS);
    }
    if (error.nonce !== undefined) void reply.header('dpop-nonce', error.nonce);
    const challenge = challengeOf(error.code, request.headers.authorization);
    if (challenge !== undefined) void reply.header('www-authenticate', challenge);
    void reply
      .status(status)
      .header('cache-control', 'no-store')
      .header('pragma', 'no-cache')
      .header('postern-correlation-id', correlationIdOf(request))
      .send({ error: error.code, error_description: error.description });
  }
}

/** An exchange that only came too soon is no fault of ours. */
const statusOf = ({ code, retryAfterSeconds }: OAuthError): number =>
  retryAfterSeconds === undefined ? STATUS[code] : TOO_MANY;

function errorOf(failure: unknown): OAuthError {
  if (failure instanceof OAuthError) return failure;
  if (failure instanceof DependencyUnavailable) {
    return new OAuthError('temporarily_unavailable', 'dependency_unavailable', failure.message);
  }
  if (failure instanceof ClientCertificateUnreadable) {
    return new OAuthError('invalid_client', 'invalid_client', failure.message);
  }
  if (failure instanceof HttpException && failure.getStatus() < 500) {
    return new OAuthError('invalid_request', 'malformed_request', 'no such endpoint or method');
  }
  return new OAuthError('temporarily_unavailable', 'internal_error', 'internal error');
}

/** RFC 6750 section 3, RFC 9449 section 7.1; RFC 6749 section 5.2: the scheme that the caller used. */
function challengeOf(code: OAuthErrorCode, authorization: string | undefined): string | undefined {
  if (code === 'insufficient_scope') return 'Bearer realm="postern", error="insufficient_scope"';
  if (code !== 'invalid_client') return undefined;
  const scheme = authorization?.split(' ', 1)[0]?.toLowerCase();
  if (scheme === 'dpop') return `DPoP algs="${DPOP_ALGORITHMS.join(' ')}"`;
  return scheme === 'basic' ? 'Basic realm="postern"' : 'Bearer realm="postern"';
}
