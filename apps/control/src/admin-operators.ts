import { type FastifyRequest } from 'fastify';
import { parseDpopHeaders } from '#handles';
import { randomId } from '#kernel';
import { type Operator, type OperatorAuthentication } from '#oauth';
import { type PosternScope } from '#policy';

/** Who operates Postern by the admin API. A DPoP proof names the public origin, whatever address the listener has. */
export class AdminOperators {
  constructor(
    private readonly operators: OperatorAuthentication,
    private readonly publicOrigin: string,
  ) {}

  /** @throws OAuthError, DependencyUnavailable */
  authenticate(request: FastifyRequest, scope: PosternScope): Promise<Operator> {
    const { headers, method, url, socket, raw } = request;
    const path = url.split('?', 1)[0] ?? '';
    return this.operators.authenticate(
      {
        authorization: headers.authorization,
        form: undefined,
        context: {
          correlationId: randomId('req'),
          peerAddress: socket.remoteAddress ?? 'unknown',
          userAgent: headers['user-agent'],
          dpopProofs: parseDpopHeaders(raw.rawHeaders),
          certificateChain: [],
        },
        method,
        uri: `${this.publicOrigin}${path}`,
      },
      scope,
    );
  }
}
