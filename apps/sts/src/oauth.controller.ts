import {
  Controller,
  Get,
  Header,
  HttpStatus,
  Inject,
  Post,
  Req,
  Res,
  UseFilters,
} from '@nestjs/common';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import {
  authorizationServerMetadata,
  Form,
  Introspection,
  OAuthError,
  protectedResourceMetadata,
  Revocation,
  TokenExchange,
} from '#oauth';
import { callerOf, correlationIdOf } from './caller.js';
import { formRequestOf } from './form-request.js';
import { OAuthErrorFilter } from './oauth-error.filter.js';
import { introspectionResponse, tokenResponse } from './oauth.wire.js';
import { StsSettings } from './sts-settings.js';

/** Token, introspection and revocation endpoints. Forms in, JSON out, nothing cached. */
@Controller()
@UseFilters(OAuthErrorFilter)
export class OAuthController {
  // One collaborator an endpoint; grouped so that the constructor says what the STS is made of.
  constructor(
    @Inject(TokenExchange) private readonly tokenExchange: TokenExchange,
    @Inject(Introspection) private readonly introspection: Introspection,
    @Inject(Revocation) private readonly revocation: Revocation,
    @Inject(StsSettings) private readonly settings: StsSettings,
  ) {}

  @Post('oauth2/token')
  async token(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const issued = await this.tokenExchange.exchange(
      formRequestOf(request),
      callerOf(request, this.settings),
    );
    await answer(request, reply).send(tokenResponse(issued));
  }

  @Post('oauth2/introspect')
  async introspect(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const form = Form.parse(formRequestOf(request));
    await this.settings.operators.authenticate(
      {
        authorization: request.headers.authorization,
        form,
        context: callerOf(request, this.settings),
        method: 'POST',
        uri: `${this.settings.publicOrigin}/oauth2/introspect`,
      },
      'introspect',
    );
    const presented = form.one('token');
    if (presented === undefined) {
      throw new OAuthError('invalid_request', 'malformed_request', 'token is missing');
    }
    const result = await this.introspection.introspect(presented);
    await answer(request, reply).send(introspectionResponse(result, this.settings.publicOrigin));
  }

  @Post('oauth2/revoke')
  async revoke(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const caller = callerOf(request, this.settings);
    await this.revocation.revoke(Form.parse(formRequestOf(request)), caller);
    await answer(request, reply).send();
  }

  /** RFC 9728 section 3.1: the path of the resource comes after the well-known one. */
  @Get('.well-known/oauth-protected-resource/proxy')
  @Header('cache-control', 'public, max-age=300')
  protectedResource(): Readonly<Record<string, unknown>> {
    return protectedResourceMetadata(this.settings.publicOrigin);
  }

  @Get('.well-known/oauth-authorization-server')
  @Header('cache-control', 'public, max-age=300')
  metadata(): Readonly<Record<string, unknown>> {
    return authorizationServerMetadata(this.settings.publicOrigin);
  }
}

const answer = (request: FastifyRequest, reply: FastifyReply): FastifyReply =>
  reply
    .status(HttpStatus.OK)
    .header('cache-control', 'no-store')
    .header('pragma', 'no-cache')
    .header('postern-correlation-id', correlationIdOf(request));
