import { type IncomingHttpHeaders } from 'node:http';
import { type Readable } from 'node:stream';
import {
  type DynamicModule,
  Module,
  type OnApplicationShutdown,
  type Provider,
} from '@nestjs/common';
import { type NestFastifyApplication } from '@nestjs/platform-fastify';
import {
  authorizationServer,
  type AuthorizationServerPorts,
  Introspection,
  Revocation,
  TokenExchange,
} from '#oauth';
import { ClientCertificates, type PosternConfig, provide, TrustedProxies } from '#platform';
import { readFormBody } from './form-request.js';
import { OAuthController } from './oauth.controller.js';
import { stsRounds } from './sts-rounds.js';
import { StsSettings } from './sts-settings.js';

/** The ports and settings that an STS is made of. */
export interface StsParts extends AuthorizationServerPorts {
  /** Addresses and CIDRs of proxies whose X-Forwarded-For and certificate header are believed; default none. */
  readonly trustedProxies?: readonly string[];
  readonly clientCertificateHeader?: PosternConfig['clientCertificateHeader'];
  /** What measures the outbox for the evidence budget; ends with the application. */
  readonly outboxWatch?: { stop(): Promise<void> };
  /** Hears of failures that are not the caller's, for the log. What a caller is told never says what failed. */
  readonly onFault?: (failure: unknown) => void;
}

const MEDIA_TYPE = /^[\w!#$%&'*+.^`|~-]+\/[\w!#$%&'*+.^`|~-]+[ \t]*(?:;|$)/;

/** The framework answers for what is no media type itself, without an event: the pipeline refuses it instead. */
function replaceUnreadableType(headers: IncomingHttpHeaders): void {
  const type = headers['content-type'];
  if (type !== undefined && !MEDIA_TYPE.test(type)) headers['content-type'] = UNREADABLE_TYPE;
}

const UNREADABLE_TYPE = 'application/octet-stream';
const POST_ONLY = /^\/oauth2\/(?:token|introspect|revoke)(?:$|\?)/;

const endedWithTheApplication = (watch: StsParts['outboxWatch']): Provider => ({
  provide: 'sts-outbox-watch',
  useValue: { onApplicationShutdown: () => watch?.stop() } satisfies OnApplicationShutdown,
});

/** The token, introspection, revocation and metadata endpoints over the given ports. */
@Module({})
export class StsModule {
  static register(parts: StsParts): DynamicModule {
    const { publicOrigin, onFault = () => undefined, trustedProxies = [] } = parts;
    const server = authorizationServer(parts);
    const { clientCertificateHeader } = parts;
    return {
      module: StsModule,
      controllers: [OAuthController],
      providers: [
        provide(TokenExchange, server.tokenExchange),
        provide(Introspection, server.introspection),
        provide(Revocation, server.revocation),
        provide(StsSettings, {
          publicOrigin,
          operators: server.operators,
          onFault,
          trustedProxies: new TrustedProxies(trustedProxies),
          certificates: new ClientCertificates({ trustedProxies, clientCertificateHeader }),
        }),
        ...stsRounds(parts, server, onFault),
        endedWithTheApplication(parts.outboxWatch),
      ],
    };
  }

  /** Bodies reach the endpoints as the text that was sent; what it means is decided by one strict parser. */
  static configure(app: NestFastifyApplication): void {
    const fastify = app.getHttpAdapter().getInstance();
    // RFC 6749 section 3.2: POST and nothing else.
    fastify.addHook('onRequest', (request, reply, done) => {
      if (request.method === 'POST' || !POST_ONLY.test(request.url)) {
        replaceUnreadableType(request.headers);
        done();
        return;
      }
      void reply.status(405).header('allow', 'POST').header('cache-control', 'no-store').send();
    });
    fastify.removeAllContentTypeParsers();
    fastify.addContentTypeParser('*', (_request: unknown, payload: Readable) =>
      readFormBody(payload),
    );
  }
}
