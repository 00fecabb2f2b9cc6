import {
  Controller,
  Delete,
  Get,
  Header,
  HttpCode,
  HttpStatus,
  Inject,
  Param,
  Query,
  Req,
  UseFilters,
} from '@nestjs/common';
import { type FastifyRequest } from 'fastify';
import { AdminErrorFilter } from './admin-error.filter.js';
import { AdminOperators } from './admin-operators.js';
import { Restrictions } from './restrictions.js';
import {
  parseLifting,
  parseRestrictionFilter,
  restrictionPage,
  restrictionResource,
} from './restrictions.wire.js';

/** What detections restrict for a time (docs/detection.md): to be looked at, and ended before its time. */
@Controller('admin/v1/restrictions')
@UseFilters(AdminErrorFilter)
export class RestrictionsController {
  constructor(
    @Inject(AdminOperators) private readonly operators: AdminOperators,
    @Inject(Restrictions) private readonly restrictions: Restrictions,
  ) {}

  /** Those that stand, by id, a page at a time. */
  @Get()
  @Header('cache-control', 'no-store')
  async list(@Req() request: FastifyRequest, @Query() query: unknown): Promise<unknown> {
    await this.operators.authenticate(request, 'admin.read');
    const filter = parseRestrictionFilter(query);
    return restrictionPage(await this.restrictions.list(filter), filter);
  }

  /** It is over within a second. Again: nothing more happens. */
  @Delete(':id')
  @HttpCode(HttpStatus.OK)
  @Header('cache-control', 'no-store')
  async lift(
    @Req() request: FastifyRequest,
    @Param('id') id: string,
    @Query() query: unknown,
  ): Promise<unknown> {
    const operator = await this.operators.authenticate(request, 'admin.revoke');
    const reason = parseLifting(query);
    return restrictionResource(await this.restrictions.lift(id, reason, operator));
  }
}
