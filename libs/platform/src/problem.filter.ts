import { STATUS_CODES } from 'node:http';
import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common';
import { type FastifyReply } from 'fastify';
import { DependencyUnavailable } from '#kernel';
import { type Logger } from './logger.js';

const RETRY_AFTER_SECONDS = 2;

/**
 * What no controller answered for: RFC 9457, terse and constant, so that neither what was asked nor what went wrong comes
 * back. What went wrong is in the log.
 */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(private readonly log?: Logger) {}

  catch(failure: unknown, host: ArgumentsHost): void {
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const status = statusOf(failure);
    if (status >= 500) this.log?.error({ err: failure }, 'a request failed');
    if (!reply.sent) sendProblem(reply, status);
  }
}

export function sendProblem(reply: FastifyReply, status: number): void {
  if (status === 503) void reply.header('retry-after', RETRY_AFTER_SECONDS);
  void reply
    .status(status)
    .type('application/problem+json')
    .header('cache-control', 'no-store')
    .send(JSON.stringify({ type: 'about:blank', title: STATUS_CODES[status] ?? 'Error', status }));
}

/** Nest's own, Fastify's (`statusCode`), a dependency that is gone, or a fault of ours. */
function statusOf(failure: unknown): number {
  if (failure instanceof HttpException) return failure.getStatus();
  if (failure instanceof DependencyUnavailable) return 503;
  const status = (failure as { statusCode?: unknown } | undefined)?.statusCode;
  return typeof status === 'number' && status >= 400 && status < 500 ? status : 500;
}
