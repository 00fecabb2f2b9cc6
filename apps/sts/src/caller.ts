import { type FastifyRequest } from 'fastify';
import { randomId } from '#kernel';
import { type CallerContext } from '#oauth';
import { type TrustedProxies } from '#platform';

declare module 'fastify' {
  interface FastifyRequest {
    /** Ours alone: an inbound id is never taken over. */
    correlationId?: string;
  }
}

/** One correlation id a request, whoever asks for it first. */
export const correlationIdOf = (request: FastifyRequest): string =>
  (request.correlationId ??= randomId('req'));

export const callerOf = (
  request: FastifyRequest,
  trustedProxies: TrustedProxies,
): CallerContext => ({
  correlationId: correlationIdOf(request),
  peerAddress: trustedProxies.peerAddress(request.socket.remoteAddress, request.raw.rawHeaders),
  userAgent: request.headers['user-agent'],
});
