import { createReadStream } from 'node:fs';
import { LINE_BYTES_MAX } from '#audit';
import { UsageError } from './usage-error.js';

const LINE_END = 0x0a;

/**
 * The lines of a file, or of standard input (`-`), one after the other, without their ends. A line that is longer than any
 * of ours comes as what was read of it so far, which is over LINE_BYTES_MAX, and is the last. @throws UsageError
 */
export async function* linesOf(source: string): AsyncGenerator<Uint8Array> {
  const stream = source === '-' ? process.stdin : createReadStream(source);
  let rest: Buffer = Buffer.alloc(0);
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      let begin = 0;
      for (let end = rest.indexOf(LINE_END); end >= 0; end = rest.indexOf(LINE_END, begin)) {
        yield rest.subarray(begin, end);
        begin = end + 1;
      }
      rest = rest.subarray(begin);
      if (rest.length > LINE_BYTES_MAX) break;
    }
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? 'unreadable';
    throw new UsageError(`${source}: cannot be read (${reason})`);
  }
  if (rest.length > 0) yield rest;
}
