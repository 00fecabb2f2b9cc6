import {
  Controller,
  Header,
  HttpCode,
  HttpStatus,
  Inject,
  Post,
  Req,
  UseFilters,
} from '@nestjs/common';
import { type FastifyRequest } from 'fastify';
import { randomId } from '#kernel';
import { type LeakFeedback, ReceiveLeakReport } from '#oauth';
import { AdminErrorFilter } from './admin-error.filter.js';
import { AdminOperators } from './admin-operators.js';

/** For the requests at `LEAK_REPORTS_PATH`: they are verified over their bytes, whatever they say that they are. */
export const LEAK_REPORT_TYPE = 'application/vnd.postern.leak-report';
export const LEAK_REPORTS_PATH = '/events/leaks';

/** Receives reports of the GitHub secret scanning partner program. Who may send one is said by its signature alone. */
@Controller('events')
@UseFilters(AdminErrorFilter)
export class LeakReportsController {
  constructor(
    @Inject(AdminOperators) private readonly operators: AdminOperators,
    @Inject(ReceiveLeakReport) private readonly reports: ReceiveLeakReport,
  ) {}

  @Post('leaks')
  @HttpCode(HttpStatus.OK)
  @Header('cache-control', 'no-store')
  async receive(@Req() request: FastifyRequest): Promise<unknown> {
    const { headers, body } = request;
    const feedback = await this.reports.receive({
      body: Buffer.isBuffer(body) ? body : Buffer.alloc(0),
      keyIdentifier: only(headers['github-public-key-identifier']),
      signature: only(headers['github-public-key-signature']),
      peerAddress: this.operators.peerAddressOf(request),
      correlationId: randomId('req'),
    });
    return feedback.map(feedbackResource);
  }
}

const only = (value: string | string[] | undefined): string | undefined =>
  typeof value === 'string' ? value : undefined;

/** "Provide feedback for false positives": the hash and never the string itself. */
const feedbackResource = ({ digest, type, label }: LeakFeedback): unknown => ({
  token_hash: digest,
  token_type: type,
  label,
});
