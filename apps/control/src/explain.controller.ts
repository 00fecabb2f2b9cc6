import { Controller, Get, Header, Inject, Param, Req, UseFilters } from '@nestjs/common';
import { type FastifyRequest } from 'fastify';
import { AdminErrorFilter } from './admin-error.filter.js';
import { AdminOperators } from './admin-operators.js';
import { parseCorrelationId } from './admin.wire.js';
import { explanationResource } from './explanation.wire.js';
import { Explanations } from './explanations.js';

/** Why a request was answered as it was: for operators, as callers are told next to nothing. */
@Controller('admin/v1/explain')
@UseFilters(AdminErrorFilter)
export class ExplainController {
  constructor(
    @Inject(AdminOperators) private readonly operators: AdminOperators,
    @Inject(Explanations) private readonly explanations: Explanations,
  ) {}

  @Get(':correlation_id')
  @Header('cache-control', 'no-store')
  async explain(
    @Req() request: FastifyRequest,
    @Param('correlation_id') correlationId: string,
  ): Promise<unknown> {
    await this.operators.authenticate(request, 'admin.read');
    return explanationResource(await this.explanations.of(parseCorrelationId(correlationId)));
  }
}
