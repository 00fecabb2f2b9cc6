import {
  type ArgumentsHost,
  Catch,
  type ExceptionFilter,
  HttpException,
  Inject,
} from '@nestjs/common';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { DPOP_ALGORITHMS } from '#identity';
import { DependencyUnavailable, PosternError } from '#kernel';
import { LeakReportRefused, OAuthError } from '#oauth';
import { type RotationRefusal, RotationRefused } from '#rotation';
import { AdminRefusal } from './admin-refusal.js';
import { AdminFaults } from './admin-faults.js';

interface Problem {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
}

const RETRY_AFTER_SECONDS = 2;

/** Failures of the admin API as problem documents (RFC 9457). Operators are told what was wrong with the request. */
@Catch()
export class AdminErrorFilter implements ExceptionFilter {
  constructor(@Inject(AdminFaults) private readonly faults: AdminFaults) {}

  catch(failure: unknown, host: ArgumentsHost): void {
    const { headers } = host.switchToHttp().getRequest<FastifyRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const { status, code, detail } = problemOf(failure);
    if (status >= 500) this.faults.tell(failure);
    const challenge = challengeOf(code, headers.authorization);
    if (failure instanceof OAuthError && failure.nonce !== undefined) {
      void reply.header('dpop-nonce', failure.nonce);
    }
    if (challenge !== undefined) void reply.header('www-authenticate', challenge);
    if (status === 503) void reply.header('retry-after', RETRY_AFTER_SECONDS);
    void reply
      .status(status)
      .header('cache-control', 'no-store')
      .header('postern-error', code)
      .type('application/problem+json')
      .send({ type: `https://postern.dev/problems/${code}`, title: code, status, detail });
  }
}

function problemOf(failure: unknown): Problem {
  if (failure instanceof AdminRefusal) {
    return { status: failure.status, code: failure.code, detail: failure.message };
  }
  if (failure instanceof OAuthError) return authenticationProblem(failure);
  if (failure instanceof LeakReportRefused) {
    const status = failure.rejection === 'malformed' ? 400 : 401;
    return { status, code: failure.code, detail: failure.message };
  }
  if (failure instanceof RotationRefused) {
    return {
      status: ROTATION_STATUS[failure.refusal],
      code: failure.code,
      detail: failure.message,
    };
  }
  if (failure instanceof DependencyUnavailable) {
    return { status: 503, code: failure.code, detail: `${failure.dependency} is not available` };
  }
  if (failure instanceof HttpException && failure.getStatus() < 500) {
    return { status: failure.getStatus(), code: 'not-found', detail: 'no such endpoint or method' };
  }
  const code = failure instanceof PosternError ? failure.code : 'internal-error';
  return { status: 500, code, detail: 'an internal error; the log says more' };
}

const ROTATION_STATUS: Readonly<Record<RotationRefusal, number>> = {
  unknown_resource: 404,
  origin_not_allowed: 400,
  not_in_hand: 409,
  not_permitted: 403,
  not_now: 409,
};

function authenticationProblem({ code, description }: OAuthError): Problem {
  switch (code) {
    case 'invalid_client':
    case 'invalid_dpop_proof':
    case 'use_dpop_nonce':
      return { status: 401, code, detail: description };
    case 'insufficient_scope':
      return { status: 403, code, detail: description };
    case 'temporarily_unavailable':
      return { status: 503, code, detail: description };
    default:
      return { status: 400, code, detail: description };
  }
}

const BEARER = 'Bearer realm="postern"';
const DPOP = `DPoP algs="${DPOP_ALGORITHMS.join(' ')}"`;

/** RFC 6750 section 3, RFC 9449 sections 7.1 and 9: both schemes to a stranger, else the one that was used. */
function challengeOf(code: string, authorization: string | undefined): string | undefined {
  switch (code) {
    case 'invalid_client':
      return `${BEARER}, ${DPOP}`;
    case 'insufficient_scope':
      return `${/^dpop /i.test(authorization ?? '') ? DPOP : BEARER}, error="${code}"`;
    case 'invalid_dpop_proof':
    case 'use_dpop_nonce':
      return `${DPOP}, error="${code}"`;
    default:
      return undefined;
  }
}
