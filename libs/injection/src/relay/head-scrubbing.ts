import { CallFailed } from '../call-failed.js';
import { scrubText } from '../scrub/scrub-text.js';
import { type TermMatcher } from '../scrub/term-matcher.js';

/** Scrubs the texts of one head or trailer block, and counts. */
export class HeadScrubbing {
  #hits = 0;

  constructor(private readonly matcher: TermMatcher | undefined) {}

  get hits(): number {
    return this.#hits;
  }

  text(bytes: Buffer | undefined): string {
    if (bytes === undefined) return '';
    if (this.matcher === undefined) return bytes.toString('latin1');
    const { text, hits } = scrubText(this.matcher, bytes);
    this.#hits += hits;
    return text;
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
