import {
  Body,
  Controller,
  Get,
  Headers,
  HttpCode,
  HttpException,
  HttpStatus,
  Inject,
  Param,
  Post,
  Query,
  UseFilters,
} from '@nestjs/common';
import { HandleStore } from '#handles';
import { randomId } from '#kernel';
import { OperatorAuthentication, RevokeHandles } from '#oauth';
import { AdminErrorFilter } from './admin-error.filter.js';
import { handleResource, parseHandleFilter, parseRevokeRequest } from './admin.wire.js';
import { openApiDocument } from './openapi.js';
import { type Review, Reviews } from './reviews.js';

/** What operators do: look at handles, revoke, see what is due for review. Each act needs a handle for `postern`. */
@Controller('admin/v1')
@UseFilters(AdminErrorFilter)
export class AdminController {
  constructor(
    @Inject(OperatorAuthentication) private readonly operators: OperatorAuthentication,
    @Inject(HandleStore) private readonly handles: HandleStore,
    @Inject(RevokeHandles) private readonly revocation: RevokeHandles,
    @Inject(Reviews) private readonly reviews: Reviews,
  ) {}

  /** Ordered by id; the next page begins after the last id. */
  @Get('handles')
  async list(
    @Headers('authorization') authorization: string | undefined,
    @Query() query: unknown,
  ): Promise<unknown> {
    await this.operators.authenticate(authorization, undefined, 'admin.read');
    const handles = await this.handles.list(parseHandleFilter(query));
    return { handles: handles.map(handleResource) };
  }

  @Get('handles/:id')
  async show(
    @Headers('authorization') authorization: string | undefined,
    @Param('id') id: string,
  ): Promise<unknown> {
    await this.operators.authenticate(authorization, undefined, 'admin.read');
    const handle = await this.handles.findById(id);
    if (handle === undefined) throw new HttpException('no such handle', HttpStatus.NOT_FOUND);
    return handleResource(handle);
  }

  /** Revokes what the selector names, now and for ever. Again: nothing more happens. */
  @Post('revoke')
  @HttpCode(HttpStatus.OK)
  async revoke(
    @Headers('authorization') authorization: string | undefined,
    @Body() body: unknown,
  ): Promise<unknown> {
    const operator = await this.operators.authenticate(authorization, undefined, 'admin.revoke');
    const { selector, reason } = parseRevokeRequest(body);
    const revoked = await this.revocation.revoke({
      selector,
      reason,
      initiator: 'admin',
      initiatorId: operator.handleId ?? operator.subjectId,
      correlationId: randomId('req'),
    });
    return { revoked: revoked.map(({ id }) => id) };
  }

  /** Issuers and grants by the day on which trust in them ends. */
  @Get('reviews')
  async due(@Headers('authorization') authorization: string | undefined): Promise<Review[]> {
    await this.operators.authenticate(authorization, undefined, 'admin.read');
    return this.reviews.byDate();
  }

  @Get('openapi.json')
  describe(): unknown {
    return openApiDocument;
  }
}
