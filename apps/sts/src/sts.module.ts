import { type IncomingHttpHeaders } from 'node:http';
import { type Readable } from 'node:stream';
import { type DynamicModule, Module } from '@nestjs/common';
import { type NestFastifyApplication } from '@nestjs/platform-fastify';
import { type Clock } from '#kernel';
import { type EventFactory, type EventJournal } from '#events';
import { type HandleStore, type SubjectTokenUses } from '#handles';
import { type IssuerRegistry, type KeySource, SubjectTokenVerifier } from '#identity';
import {
  ClientAssertions,
  Introspection,
  OperatorAuthentication,
  Revocation,
  RevokeHandles,
  TokenExchange,
} from '#oauth';
import { provide, TrustedProxies } from '#platform';
import { type GrantSource, type ResourceSet } from '#policy';
import { readFormBody } from './form-request.js';
import { OAuthController } from './oauth.controller.js';
import { PurgeSubjectTokenUses } from './purge-subject-token-uses.js';
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
  /** Addresses and CIDRs of proxies whose X-Forwarded-For is believed; default none. */
  readonly trustedProxies?: readonly string[];
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

/** The token, introspection, revocation and metadata endpoints over the given ports. */
@Module({})
export class StsModule {
  static register(parts: StsParts): DynamicModule {
    const { publicOrigin, onFault = () => undefined } = parts;
    const verifier = new SubjectTokenVerifier({ ...parts, audience: publicOrigin });
    const assertions = new ClientAssertions({ ...parts, verifier });
    const revokeHandles = new RevokeHandles(parts);
    const operators = new OperatorAuthentication({ ...parts, verifier, assertions });
    return {
      module: StsModule,
      controllers: [OAuthController],
      providers: [
        provide(TokenExchange, new TokenExchange({ ...parts, verifier, assertions })),
        provide(Introspection, new Introspection(parts)),
        provide(Revocation, new Revocation({ ...parts, revokeHandles })),
        provide(StsSettings, {
          publicOrigin,
          operators,
          onFault,
          trustedProxies: new TrustedProxies(parts.trustedProxies ?? []),
        }),
        provide(PurgeSubjectTokenUses, new PurgeSubjectTokenUses({ ...parts, onFault })),
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
