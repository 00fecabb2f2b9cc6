import { type FastifyRequest } from 'fastify';
import { parseDpopHeaders } from '#handles';
import { randomId } from '#kernel';
import { type CallerContext } from '#oauth';
import { type ClientCertificates, type TrustedProxies } from '#platform';

declare module 'fastify' {
  interface FastifyRequest {
    /** Ours alone: an inbound id is never taken over. */
    correlationId?: string;
  }
}

/** One correlation id a request, whoever asks for it first. */
export const correlationIdOf = (request: FastifyRequest): string =>
  (request.correlationId ??= randomId('req'));

/** Decides whose word on a caller counts. */
export interface CallerSettings {
  readonly trustedProxies: TrustedProxies;
  readonly certificates: ClientCertificates;
}

export const callerOf = (
  request: FastifyRequest,
  { trustedProxies, certificates }: CallerSettings,
): CallerContext => ({
  correlationId: correlationIdOf(request),
  peerAddress: trustedProxies.peerAddress(request.socket.remoteAddress, request.raw.rawHeaders),
  userAgent: request.headers['user-agent'],
  dpopProofs: parseDpopHeaders(request.raw.rawHeaders),
  // Asked by the pipeline: what cannot be read is refused there, with its event.
  get certificateChain() {
    return certificates.of(request.raw)?.chain ?? [];
  },
});
