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
import { Detections } from './detections.js';
import {
  detectionPage,
  detectionResource,
  parseClosing,
  parseDetectionFilter,
  parseRuleId,
  parseUndoing,
  ruleResource,
  shownDetection,
  undoingResource,
} from './detections.wire.js';

/** What analysts look at and decide. The sentinel raises detections; this API reads, closes and takes back. */
@Controller('admin/v1')
@UseFilters(AdminErrorFilter)
export class DetectionsController {
  constructor(
    @Inject(AdminOperators) private readonly operators: AdminOperators,
    @Inject(Detections) private readonly detections: Detections,
  ) {}

  /** The newest first, a page at a time. */
  @Get('detections')
  @Header('cache-control', 'no-store')
  async list(@Req() request: FastifyRequest, @Query() query: unknown): Promise<unknown> {
    await this.operators.authenticate(request, 'admin.read');
    const filter = parseDetectionFilter(query);
    return detectionPage(await this.detections.list(filter), filter);
  }

  @Get('detections/:id')
  @Header('cache-control', 'no-store')
  async show(@Req() request: FastifyRequest, @Param('id') id: string): Promise<unknown> {
    await this.operators.authenticate(request, 'admin.read');
    return shownDetection(await this.detections.show(id));
  }

  @Post('detections/:id/close')
  @HttpCode(HttpStatus.OK)
  @Header('cache-control', 'no-store')
  async close(
    @Req() request: FastifyRequest,
    @Param('id') id: string,
    @Body() body: unknown,
  ): Promise<unknown> {
    const operator = await this.operators.authenticate(request, 'admin.revoke');
    const closing = parseClosing(body);
    return detectionResource(await this.detections.close(id, closing, operator));
  }

  /** What can be taken back is; what was revoked stays so. */
  @Post('detections/:id/undo')
  @HttpCode(HttpStatus.OK)
  @Header('cache-control', 'no-store')
  async undo(
    @Req() request: FastifyRequest,
    @Param('id') id: string,
    @Body() body: unknown,
  ): Promise<unknown> {
    const operator = await this.operators.authenticate(request, 'admin.revoke');
    const reason = parseUndoing(body);
    return undoingResource(await this.detections.undo(id, reason, operator));
  }

  @Get('detection-rules')
  @Header('cache-control', 'no-store')
  async rules(@Req() request: FastifyRequest): Promise<unknown> {
    await this.operators.authenticate(request, 'admin.read');
    return { rules: (await this.detections.rules()).map(ruleResource) };
  }

  /** Asked for and no more: `GET detection-rules` tells what it found. */
  @Post('detection-rules/:id/dry-run')
  @HttpCode(HttpStatus.ACCEPTED)
  @Header('cache-control', 'no-store')
  async dryRun(@Req() request: FastifyRequest, @Param('id') id: string): Promise<unknown> {
    const operator = await this.operators.authenticate(request, 'admin.revoke');
    const rule = parseRuleId(id);
    await this.detections.dryRun(rule, operator);
    return { rule, asked: true };
  }
}
