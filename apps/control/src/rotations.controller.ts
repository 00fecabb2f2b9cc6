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
import { Rotations } from './rotations.js';
import {
  credentialResource,
  parseAbandonment,
  parseIntervention,
  parseRotationFilter,
  parseRotationRequest,
  rotationHistory,
  rotationPage,
  rotationResource,
} from './rotations.wire.js';

/** What operators ask of rotations. The rotators carry it out; this API never sees a value and never talks to Vault. */
@Controller('admin/v1')
@UseFilters(AdminErrorFilter)
export class RotationsController {
  constructor(
    @Inject(AdminOperators) private readonly operators: AdminOperators,
    @Inject(Rotations) private readonly rotations: Rotations,
  ) {}

  /** Asked for and no more: `GET` of it tells how far it is. */
  @Post('rotations')
  @HttpCode(HttpStatus.ACCEPTED)
  @Header('cache-control', 'no-store')
  async request(@Req() request: FastifyRequest, @Body() body: unknown): Promise<unknown> {
    const operator = await this.operators.authenticate(request, 'admin.rotate');
    const asked = parseRotationRequest(body);
    return rotationResource(await this.rotations.request(asked, operator));
  }

  /** The newest first, a page at a time. */
  @Get('rotations')
  @Header('cache-control', 'no-store')
  async list(@Req() request: FastifyRequest, @Query() query: unknown): Promise<unknown> {
    await this.operators.authenticate(request, 'admin.read');
    const filter = parseRotationFilter(query);
    return rotationPage(await this.rotations.list(filter), filter);
  }

  /** What wrapping tokens are encrypted to before they leave the machine of who has them. */
  @Get('rotations/intake-key')
  @Header('cache-control', 'no-store')
  async intakeKey(@Req() request: FastifyRequest): Promise<unknown> {
    await this.operators.authenticate(request, 'admin.rotate');
    return this.rotations.intakeKey();
  }

  @Get('rotations/:id')
  @Header('cache-control', 'no-store')
  async show(@Req() request: FastifyRequest, @Param('id') id: string): Promise<unknown> {
    await this.operators.authenticate(request, 'admin.read');
    const { rotation, events } = await this.rotations.show(id);
    return rotationHistory(rotation, events);
  }

  @Post('rotations/:id/approve')
  @HttpCode(HttpStatus.OK)
  @Header('cache-control', 'no-store')
  async approve(
    @Req() request: FastifyRequest,
    @Param('id') id: string,
    @Body() body: unknown,
  ): Promise<unknown> {
    const operator = await this.operators.authenticate(request, 'admin.approve');
    const reason = parseIntervention(body);
    return rotationResource(await this.rotations.approve(id, operator, reason));
  }

  @Post('rotations/:id/abandon')
  @HttpCode(HttpStatus.OK)
  @Header('cache-control', 'no-store')
  async abandon(
    @Req() request: FastifyRequest,
    @Param('id') id: string,
    @Body() body: unknown,
  ): Promise<unknown> {
    const operator = await this.operators.authenticate(request, 'admin.rotate');
    const reason = parseAbandonment(body);
    return rotationResource(await this.rotations.abandon(id, operator, reason));
  }

  @Post('rotations/:id/reconcile')
  @HttpCode(HttpStatus.OK)
  @Header('cache-control', 'no-store')
  async reconcile(
    @Req() request: FastifyRequest,
    @Param('id') id: string,
    @Body() body: unknown,
  ): Promise<unknown> {
    const operator = await this.operators.authenticate(request, 'admin.rotate');
    const reason = parseIntervention(body);
    return rotationResource(await this.rotations.reconcile(id, operator, reason));
  }

  /** Each credential that is rotated: its versions and how it stands, and never a value. */
  @Get('credentials')
  @Header('cache-control', 'no-store')
  async credentials(@Req() request: FastifyRequest): Promise<unknown> {
    await this.operators.authenticate(request, 'admin.read');
    return { credentials: (await this.rotations.credentials()).map(credentialResource) };
  }
}
