import { CallFailed } from '../call-failed.js';
import { StreamScrubber } from '../scrub/stream-scrubber.js';
import { type TermSearch } from '../scrub/term-matcher.js';

/** Scrubs the texts of one head or trailer block, and counts. */
export class HeadScrubbing {
  #hits = 0;

  constructor(private readonly matcher: TermSearch | undefined) {}

  get hits(): number {
    return this.#hits;
  }

  /** `plain`: the same bytes in latin1, which most of them stay. */
  text(bytes: Buffer | undefined, plain = bytes?.toString('latin1') ?? ''): string {
    const { matcher } = this;
    if (bytes === undefined || matcher === undefined) return plain;
    if (matcher.occurrences(bytes).length === 0) return plain;
    const scrubber = new StreamScrubber(matcher);
    const released = Buffer.concat([scrubber.push(bytes), scrubber.end()]);
    this.#hits += scrubber.hits;
    return released.toString('latin1');
  }

  /**
   * RFC 9112 section 7: a compressed transfer coding would pass the scrubber unseen.
   * @throws CallFailed
   */
  checkTransferCoding(value: string): void {
    if (this.matcher === undefined || value.trim().toLowerCase() === 'chunked') return;
    throw new CallFailed(
      'unscrubbable-encoding',
      'response_cut',
      'the response came in a transfer coding other than chunked',
    );
  }
}
