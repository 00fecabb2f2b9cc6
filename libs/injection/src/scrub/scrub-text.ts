import { type TermMatcher } from './term-matcher.js';
import { StreamScrubber } from './stream-scrubber.js';

export interface ScrubbedText {
  readonly text: string;
  readonly hits: number;
}

/** Scrubs one text in latin1, such as a header value. */
export function scrubText(matcher: TermMatcher, bytes: Buffer): ScrubbedText {
  if (matcher.occurrences(bytes).length === 0) return { text: bytes.toString('latin1'), hits: 0 };
  const scrubber = new StreamScrubber(matcher);
  const released = Buffer.concat([scrubber.push(bytes), scrubber.end()]);
  return { text: released.toString('latin1'), hits: scrubber.hits };
}
