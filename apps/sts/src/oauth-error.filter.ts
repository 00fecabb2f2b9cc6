import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { DependencyUnavailable } from '#kernel';
import { OAuthError, type OAuthErrorCode } from '#oauth';
import { correlationIdOf } from './caller.js';

const STATUS: Record<OAuthErrorCode, number> = {
  invalid_request: 400,
  invalid_client: 401,
  unauthorized_client: 400,
  unsupported_grant_type: 400,
  unsupported_token_type: 400,
  invalid_scope: 400,
  invalid_target: 400,
  insufficient_scope: 403,
  temporarily_unavailable: 503,
};
const RETRY_AFTER_SECONDS = 2;

/** Every failure as RFC 6749 section 5.2 has it: terse and constant. What was wrong is in the event. */
@Catch()
export class OAuthErrorFilter implements ExceptionFilter {
  catch(failure: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const error = errorOf(failure);
    const status = failure instanceof HttpException ? failure.getStatus() : STATUS[error.code];
    if (status === 503) void reply.header('retry-after', RETRY_AFTER_SECONDS);
    const challenge = challengeOf(error.code);
    if (challenge !== undefined) void reply.header('www-authenticate', challenge);
    void reply
      .status(status)
      .header('cache-control', 'no-store')
      .header('pragma', 'no-cache')
      .header('postern-correlation-id', correlationIdOf(request))
      .send({ error: error.code, error_description: error.description });
  }
}

function errorOf(failure: unknown): OAuthError {
  if (failure instanceof OAuthError) return failure;
  if (failure instanceof DependencyUnavailable) {
    return new OAuthError('temporarily_unavailable', 'dependency_unavailable', failure.message);
  }
  if (failure instanceof HttpException && failure.getStatus() < 500) {
    return new OAuthError('invalid_request', 'malformed_request', 'no such endpoint or method');
  }
  return new OAuthError('temporarily_unavailable', 'internal_error', 'internal error');
}

/** RFC 6750 section 3. */
function challengeOf(code: OAuthErrorCode): string | undefined {
  if (code === 'invalid_client') return 'Bearer realm="postern"';
  if (code === 'insufficient_scope') return 'Bearer realm="postern", error="insufficient_scope"';
  return undefined;
}
