import { type DynamicModule, Module } from '@nestjs/common';
import { type NestFastifyApplication } from '@nestjs/platform-fastify';
import { type Clock } from '#kernel';
import { type EventFactory, type EventJournal } from '#events';
import { type HandleStore, type SubjectTokenUses } from '#handles';
import { type IssuerRegistry, type KeySource, SubjectTokenVerifier } from '#identity';
import {
  Introspection,
  OperatorAuthentication,
  Revocation,
  RevokeHandles,
  TokenExchange,
} from '#oauth';
import { provide } from '#platform';
import { type GrantSource, type ResourceSet } from '#policy';
import { OAuthController } from './oauth.controller.js';
import { StsSettings } from './sts-settings.js';

/** The ports and settings that an STS is made of. */
export interface StsParts {
  readonly environment: string;
  readonly publicOrigin: string;
  readonly clock: Clock;
  readonly issuers: IssuerRegistry;
  readonly keys: KeySource;
  readonly resources: ResourceSet;
  readonly grants: GrantSource;
  readonly handles: HandleStore;
  readonly uses: SubjectTokenUses;
  readonly journal: EventJournal;
  readonly events: EventFactory;
}

const POST_ONLY = /^\/oauth2\/(?:token|introspect|revoke)(?:$|\?)/;

/** The token, introspection, revocation and metadata endpoints over the given ports. */
@Module({})
export class StsModule {
  static register(parts: StsParts): DynamicModule {
    const verifier = new SubjectTokenVerifier({ ...parts, audience: parts.publicOrigin });
    const revokeHandles = new RevokeHandles(parts);
    const operators = new OperatorAuthentication({ ...parts, verifier });
    return {
      module: StsModule,
      controllers: [OAuthController],
      providers: [
        provide(TokenExchange, new TokenExchange({ ...parts, verifier })),
        provide(Introspection, new Introspection(parts)),
        provide(Revocation, new Revocation({ ...parts, revokeHandles })),
        provide(StsSettings, { publicOrigin: parts.publicOrigin, operators }),
      ],
    };
  }

  /** Bodies reach the endpoints as the text that was sent; what it means is decided by one strict parser. */
  static configure(app: NestFastifyApplication): void {
    const fastify = app.getHttpAdapter().getInstance();
    // RFC 6749 section 3.2: POST and nothing else.
    fastify.addHook('onRequest', (request, reply, done) => {
      if (request.method === 'POST' || !POST_ONLY.test(request.url)) {
        done();
        return;
      }
      void reply.status(405).header('allow', 'POST').header('cache-control', 'no-store').send();
    });
    fastify.removeAllContentTypeParsers();
    fastify.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => {
      done(null, body);
    });
  }
}
