import {
  Body,
  Controller,
  Get,
  Header,
  HttpCode,
  HttpStatus,
  Inject,
  Param,
  Post,
  Query,
  Req,
  UseFilters,
} from '@nestjs/common';
import { type FastifyRequest } from 'fastify';
import { AdminErrorFilter } from './admin-error.filter.js';
import { AdminOperators } from './admin-operators.js';
import { Canaries } from './canaries.js';
import {
  canaryPage,
  canaryResource,
  parseCanary,
  parseCanaryFilter,
  plantedResource,
} from './canaries.wire.js';

/** Canaries (docs/canaries.md): what is planted to be found, and refused and told of wherever it is used. */
@Controller('admin/v1/canaries')
@UseFilters(AdminErrorFilter)
export class CanariesController {
  constructor(
    @Inject(AdminOperators) private readonly operators: AdminOperators,
    @Inject(Canaries) private readonly canaries: Canaries,
  ) {}

  /** Its plaintext is in this answer, and nowhere else. */
  @Post()
  @HttpCode(HttpStatus.CREATED)
  @Header('cache-control', 'no-store')
  async plant(@Req() request: FastifyRequest, @Body() body: unknown): Promise<unknown> {
    const operator = await this.operators.authenticate(request, 'admin.revoke');
    return plantedResource(await this.canaries.plant(parseCanary(body), operator));
  }

  /** By id, those that ended among them, a page at a time. */
  @Get()
  @Header('cache-control', 'no-store')
  async list(@Req() request: FastifyRequest, @Query() query: unknown): Promise<unknown> {
    await this.operators.authenticate(request, 'admin.read');
    const filter = parseCanaryFilter(query);
    return canaryPage(await this.canaries.list(filter), filter);
  }

  /** For ever: from then on it is worth no more than any text. */
  @Post(':id/end')
  @HttpCode(HttpStatus.OK)
  @Header('cache-control', 'no-store')
  async end(@Req() request: FastifyRequest, @Param('id') id: string): Promise<unknown> {
    const operator = await this.operators.authenticate(request, 'admin.revoke');
    return canaryResource(await this.canaries.end(id, operator));
  }
}
