import fc from 'fast-check';
import { searchTerms } from './search-terms.js';
import { StreamScrubber } from './stream-scrubber.js';
import { TermMatcher } from './term-matcher.js';

const SECRET = `p/ss"wö<rd'1987&+ %;`;
const terms = searchTerms([SECRET, `ledger-svc:${SECRET}`]);
const matcher = new TermMatcher(terms);

function scrubbed(chunks: readonly Buffer[], by = matcher): { output: Buffer; hits: number } {
  const scrubber = new StreamScrubber(by);
  const out = chunks.map((chunk) => scrubber.push(chunk));
  return { output: Buffer.concat([...out, scrubber.end()]), hits: scrubber.hits };
}

/** Cuts the bytes at the given places. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const at = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...at].map((start, index) => bytes.subarray(start, at[index] ?? bytes.length));
}

/** What must come out: every byte that belongs to an occurrence masked, found by the simplest search there is. */
function expectedOutput(bytes: Buffer, sought: readonly Buffer[]): Buffer {
  const masked = Buffer.from(bytes);
  for (const term of sought) {
    for (let at = bytes.indexOf(term); at >= 0; at = bytes.indexOf(term, at + 1)) {
      masked.fill('*', at, at + term.length);
    }
  }
  return masked;
}

const anyForm = fc.constantFrom(...terms);
const filler = fc.oneof(
  fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
  anyForm.chain((term) =>
    fc
      .tuple(fc.nat(term.length), fc.nat(term.length))
      .map(([from, to]) => term.subarray(Math.min(from, to), Math.max(from, to))),
  ),
);
const aBody = fc.array(fc.oneof(filler, anyForm), { maxLength: 12 }).map((p) => Buffer.concat(p));

describe('scrubbing a stream', () => {
  it('masks every form of the secret and nothing else, for any body and any cut', () => {
    fc.assert(
      fc.property(aBody, fc.array(fc.nat(2000), { maxLength: 12 }), (body, places) => {
        const { output } = scrubbed(cut(body, places));
        expect(output.equals(expectedOutput(body, terms))).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  it('masks overlapping terms whole, for any terms over a small alphabet and any cut', () => {
    const letters = fc
      .array(fc.constantFrom('a', 'b'), { minLength: 2, maxLength: 6 })
      .map((term) => Buffer.from(term.join('')));
    const text = fc
      .array(fc.constantFrom('a', 'b', 'c'), { maxLength: 40 })
      .map((parts) => Buffer.from(parts.join('')));
    fc.assert(
      fc.property(
        fc.array(letters, { minLength: 1, maxLength: 5 }),
        text,
        fc.array(fc.nat(40), { maxLength: 8 }),
        (sought, body, places) => {
          const { output } = scrubbed(cut(body, places), new TermMatcher(sought));
          expect(output.toString()).toBe(expectedOutput(body, sought).toString());
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('counts an occurrence once, in one piece or byte by byte', () => {
    const body = Buffer.from(`a ${SECRET} b ${SECRET} c`);
    const bytes = Array.from(body, (byte) => Buffer.from([byte]));
    expect(scrubbed([body]).hits).toBe(2);
    expect(scrubbed(bytes).hits).toBe(2);
  });

  it('passes a chunk without any trace of the secret uncopied and at once', () => {
    const chunk = Buffer.from('data: {"balance":"1024.00"}\n\n');
    const out = new StreamScrubber(matcher).push(chunk);
    expect(out.buffer).toBe(chunk.buffer);
    expect(out).toHaveLength(chunk.length);
  });

  it('gives back what only looked like the beginning of the secret', () => {
    const scrubber = new StreamScrubber(matcher);
    const out = [scrubber.push(Buffer.from(SECRET.slice(0, 9))), scrubber.end()];
    expect(Buffer.concat(out).toString()).toBe(SECRET.slice(0, 9));
    expect(scrubber.hits).toBe(0);
  });
});
