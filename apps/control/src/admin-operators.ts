import { type FastifyRequest } from 'fastify';
import { parseDpopHeaders } from '#handles';
import { randomId } from '#kernel';
import { type CallerContext, type Operator, type OperatorAuthentication } from '#oauth';
import { type ClientCertificates, type TrustedProxies } from '#platform';
import { type PosternScope } from '#policy';

export interface AdminOperatorsParts {
  readonly operators: OperatorAuthentication;
  readonly publicOrigin: string;
  /** Decides whose word on an operator's address counts. */
  readonly trustedProxies: TrustedProxies;
  readonly certificates: ClientCertificates;
}

/** Who operates Postern by the admin API. A DPoP proof names the public origin, whatever address the listener has. */
export class AdminOperators {
  constructor(private readonly parts: AdminOperatorsParts) {}

  /** @throws OAuthError, DependencyUnavailable */
  authenticate(request: FastifyRequest, scope: PosternScope): Promise<Operator> {
    const { operators, publicOrigin } = this.parts;
    const { headers, method, url } = request;
    const path = url.split('?', 1)[0] ?? '';
    const { authorization } = headers;
    const context = this.#contextOf(request);
    return operators.authenticate(
      { authorization, form: undefined, context, method, uri: `${publicOrigin}${path}` },
      scope,
    );
  }

  /** From the socket, or from a forwarded header of a trusted proxy. */
  peerAddressOf({ socket, raw }: FastifyRequest): string {
    return this.parts.trustedProxies.peerAddress(socket.remoteAddress, raw.rawHeaders);
  }

  #contextOf(request: FastifyRequest): CallerContext {
    const { headers, raw } = request;
    const { certificates } = this.parts;
    return {
      correlationId: randomId('req'),
      peerAddress: this.peerAddressOf(request),
      userAgent: headers['user-agent'],
      dpopProofs: parseDpopHeaders(raw.rawHeaders),
      // Asked for a bound handle only: what cannot be read is refused then.
      get certificateChain() {
        return certificates.of(raw)?.chain ?? [];
      },
    };
  }
}
