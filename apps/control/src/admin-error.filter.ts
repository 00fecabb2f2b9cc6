import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common';
import { type FastifyReply } from 'fastify';
import { DependencyUnavailable, PosternError } from '#kernel';
import { OAuthError } from '#oauth';
import { BadAdminRequest } from './admin.wire.js';

interface Problem {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
}

/** Failures of the admin API as problem documents (RFC 9457). Operators are told what was wrong with the request. */
@Catch()
export class AdminErrorFilter implements ExceptionFilter {
  catch(failure: unknown, host: ArgumentsHost): void {
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const { status, code, detail } = problemOf(failure);
    if (status === 401) void reply.header('www-authenticate', 'Bearer realm="postern"');
    if (status === 503) void reply.header('retry-after', 2);
    void reply
      .status(status)
      .header('cache-control', 'no-store')
      .header('postern-error', code)
      .type('application/problem+json')
      .send({ type: `urn:postern:error:${code}`, title: code, status, detail });
  }
}

function problemOf(failure: unknown): Problem {
  if (failure instanceof BadAdminRequest) {
    return { status: 400, code: failure.code, detail: failure.message };
  }
  if (failure instanceof OAuthError) return authenticationProblem(failure);
  if (failure instanceof DependencyUnavailable) {
    return { status: 503, code: failure.code, detail: `${failure.dependency} is not available` };
  }
  if (failure instanceof HttpException && failure.getStatus() < 500) {
    const detail = 'no such endpoint, method or body';
    return { status: failure.getStatus(), code: 'not-found', detail };
  }
  const code = failure instanceof PosternError ? failure.code : 'internal-error';
  return { status: 500, code, detail: 'an internal error; the log says more' };
}

function authenticationProblem(failure: OAuthError): Problem {
  const status = { invalid_client: 401, insufficient_scope: 403, temporarily_unavailable: 503 }[
    failure.code as string
  ];
  return { status: status ?? 400, code: failure.code, detail: failure.description };
}
