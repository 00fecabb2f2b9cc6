import {
  Body,
  Controller,
  HttpCode,
  HttpStatus,
  Inject,
  Post,
  Req,
  UnsupportedMediaTypeException,
  UseFilters,
} from '@nestjs/common';
import { type FastifyRequest } from 'fastify';
import { type SecurityEventError, SecurityEventRejected } from '#identity';
import { randomId } from '#kernel';
import { OAuthError, type OAuthErrorCode, type Operator, ReceiveSecurityEvent } from '#oauth';
import { AdminErrorFilter } from './admin-error.filter.js';
import { AdminOperators } from './admin-operators.js';
import { SecurityEventErrorFilter } from './security-event-error.filter.js';

/** RFC 8417 section 7.2. */
export const SECURITY_EVENT_TYPE = 'application/secevent+jwt';

/** Receives Security Event Tokens by push (RFC 8935) from whoever has a handle for `postern` with `events.command`. */
@Controller('events')
@UseFilters(AdminErrorFilter, SecurityEventErrorFilter)
export class SecurityEventsController {
  constructor(
    @Inject(AdminOperators) private readonly operators: AdminOperators,
    @Inject(ReceiveSecurityEvent) private readonly receiver: ReceiveSecurityEvent,
  ) {}

  /** 202 without a body, also for what has no effect here and for what was received before. */
  @Post('set')
  @HttpCode(HttpStatus.ACCEPTED)
  async receive(@Req() request: FastifyRequest, @Body() body: unknown): Promise<void> {
    const operator = await this.#authenticate(request);
    if (typeof body !== 'string' || !isSecurityEvent(request)) {
      throw new UnsupportedMediaTypeException();
    }
    await this.receiver.receive(body, { operator, correlationId: randomId('req') });
  }

  async #authenticate(request: FastifyRequest): Promise<Operator> {
    try {
      return await this.operators.authenticate(request, 'events.command');
    } catch (error) {
      throw asRejection(error);
    }
  }
}

/** Others may be text as well. */
const isSecurityEvent = ({ headers }: FastifyRequest): boolean =>
  headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase() === SECURITY_EVENT_TYPE;

/** RFC 8935 section 2.4 has codes for these; the challenges of DPoP are answered as everywhere. */
const ERR: Partial<Record<OAuthErrorCode, SecurityEventError>> = {
  invalid_client: 'authentication_failed',
  insufficient_scope: 'access_denied',
};

function asRejection(error: unknown): unknown {
  const err = error instanceof OAuthError ? ERR[error.code] : undefined;
  if (err === undefined) return error;
  const rule = 'whoever sends it needs a handle for postern with the scope events.command';
  return new SecurityEventRejected(err, rule, { cause: error });
}
