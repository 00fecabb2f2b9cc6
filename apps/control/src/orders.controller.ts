import {
  Body,
  Controller,
  Get,
  Header,
  HttpCode,
  HttpStatus,
  Inject,
  Post,
  Query,
  Req,
  UseFilters,
} from '@nestjs/common';
import { type FastifyRequest } from 'fastify';
import { type HandleAction } from '#events';
import { Suspensions } from '#handles';
import { randomId } from '#kernel';
import { ChangeHandles } from '#oauth';
import { AdminErrorFilter } from './admin-error.filter.js';
import { AdminOperators } from './admin-operators.js';
import { parseOrder, parseSuspensionFilter, suspensionPage } from './orders.wire.js';

interface Answer {
  /** Ids of the handles that this changed. */
  readonly changed: readonly string[];
  readonly correlationId: string;
}

/** What operators order: revoke, suspend, resume what a selector names, each handle with its event. */
@Controller('admin/v1')
@UseFilters(AdminErrorFilter)
export class OrdersController {
  constructor(
    @Inject(AdminOperators) private readonly operators: AdminOperators,
    @Inject(ChangeHandles) private readonly changes: ChangeHandles,
    @Inject(Suspensions) private readonly suspensions: Suspensions,
  ) {}

  /** Now and for ever. Again: nothing more happens. */
  @Post('revoke')
  @HttpCode(HttpStatus.OK)
  @Header('cache-control', 'no-store')
  async revoke(@Req() request: FastifyRequest, @Body() body: unknown): Promise<unknown> {
    const { changed, correlationId } = await this.#carryOut('revoke', request, body);
    return { revoked: changed, correlation_id: correlationId };
  }

  /** Until it is resumed: also no new handle is issued of what the selector names. */
  @Post('suspend')
  @HttpCode(HttpStatus.OK)
  @Header('cache-control', 'no-store')
  async suspend(@Req() request: FastifyRequest, @Body() body: unknown): Promise<unknown> {
    const { changed, correlationId } = await this.#carryOut('suspend', request, body);
    return { suspended: changed, correlation_id: correlationId };
  }

  /** Ends the suspension of the same selector, whoever asked for it. */
  @Post('resume')
  @HttpCode(HttpStatus.OK)
  @Header('cache-control', 'no-store')
  async resume(@Req() request: FastifyRequest, @Body() body: unknown): Promise<unknown> {
    const { changed, correlationId } = await this.#carryOut('resume', request, body);
    return { resumed: changed, correlation_id: correlationId };
  }

  /** Ordered by what they name, a page at a time. */
  @Get('suspensions')
  @Header('cache-control', 'no-store')
  async standing(@Req() request: FastifyRequest, @Query() query: unknown): Promise<unknown> {
    await this.operators.authenticate(request, 'admin.read');
    const filter = parseSuspensionFilter(query);
    return suspensionPage(await this.suspensions.list(filter), filter);
  }

  async #carryOut(action: HandleAction, request: FastifyRequest, body: unknown): Promise<Answer> {
    const operator = await this.operators.authenticate(request, 'admin.revoke');
    const { selector, reason } = parseOrder(body);
    const correlationId = randomId('req');
    const outcome = await this.changes.carryOut({
      action,
      selector,
      reason,
      initiator: 'admin',
      initiatorId: operator.handleId ?? operator.subjectId,
      correlationId,
    });
    const handles = outcome.kind === 'changed' ? outcome.handles : [];
    return { changed: handles.map(({ id }) => id), correlationId };
  }
}
