import { Controller, Get, Header, Inject, Param, Query, Req, UseFilters } from '@nestjs/common';
import { type FastifyRequest } from 'fastify';
import { HandleStore } from '#handles';
import { AdminErrorFilter } from './admin-error.filter.js';
import { AdminOperators } from './admin-operators.js';
import { HandleUnknown } from './admin-refusal.js';
import { handlePage, handleResource, parseHandleFilter } from './admin.wire.js';
import { openApiDocument } from './openapi.js';
import { type Review, Reviews } from './reviews.js';

/** What operators look at: handles, and what is due for review. Each look needs a handle for `postern`. */
@Controller('admin/v1')
@UseFilters(AdminErrorFilter)
export class AdminController {
  constructor(
    @Inject(AdminOperators) private readonly operators: AdminOperators,
    @Inject(HandleStore) private readonly handles: HandleStore,
    @Inject(Reviews) private readonly reviews: Reviews,
  ) {}

  /** Ordered by id, a page at a time. */
  @Get('handles')
  @Header('cache-control', 'no-store')
  async list(@Req() request: FastifyRequest, @Query() query: unknown): Promise<unknown> {
    await this.operators.authenticate(request, 'admin.read');
    const filter = parseHandleFilter(query);
    return handlePage(await this.handles.list(filter), filter);
  }

  @Get('handles/:id')
  @Header('cache-control', 'no-store')
  async show(@Req() request: FastifyRequest, @Param('id') id: string): Promise<unknown> {
    await this.operators.authenticate(request, 'admin.read');
    const handle = await this.handles.findById(id);
    if (handle === undefined) throw new HandleUnknown('no handle has this id');
    return handleResource(handle);
  }

  /** Issuers and grants by the day on which trust in them ends. */
  @Get('reviews')
  @Header('cache-control', 'no-store')
  async due(@Req() request: FastifyRequest): Promise<Review[]> {
    await this.operators.authenticate(request, 'admin.read');
    return this.reviews.byDate();
  }

  /** Says nothing of this deployment, so it needs no handle. */
  @Get('openapi.json')
  describe(): unknown {
    return openApiDocument;
  }
}
