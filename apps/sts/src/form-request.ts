import { type Readable } from 'node:stream';
import { HttpException, HttpStatus } from '@nestjs/common';
import { type FastifyRequest } from 'fastify';
import { BODY_BYTES_MAX, type FormRequest } from '#oauth';

/** What the pipelines parse: nothing of it has been looked at. */
export const formRequestOf = ({ headers, body, url }: FastifyRequest): FormRequest => ({
  contentType: headers['content-type'],
  authorization: headers.authorization,
  body: typeof body === 'string' ? body : '',
  query: url.includes('?') ? url.slice(url.indexOf('?') + 1) : undefined,
});

/**
 * The body as text, whatever its content type: what it means is decided by one strict parser. Of a body that is too large
 * it is a part, larger than that parser takes; the rest is not read.
 */
export async function readFormBody(payload: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of payload.iterator({
      destroyOnReturn: false,
    }) as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > BODY_BYTES_MAX) break;
    }
  } catch (cause) {
    throw new HttpException('the body ended early', HttpStatus.BAD_REQUEST, { cause });
  }
  return Buffer.concat(chunks).toString('utf8');
}
