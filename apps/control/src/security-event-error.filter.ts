import { type ArgumentsHost, Catch, type ExceptionFilter, HttpStatus } from '@nestjs/common';
import { type FastifyReply } from 'fastify';
import { SecurityEventRejected } from '#identity';

/** RFC 8935 section 2.3: what is wrong with a Security Event Token, told to its transmitter. */
@Catch(SecurityEventRejected)
export class SecurityEventErrorFilter implements ExceptionFilter<SecurityEventRejected> {
  catch({ err, message }: SecurityEventRejected, host: ArgumentsHost): void {
    void host
      .switchToHttp()
      .getResponse<FastifyReply>()
      .status(HttpStatus.BAD_REQUEST)
      .header('cache-control', 'no-store')
      .header('content-language', 'en')
      .send({ err, description: message });
  }
}
