import fc from 'fast-check';
import { FrameScrubber } from './frame-scrubber.js';
import { searchTerms } from './search-terms.js';
import { TermMatcher } from './term-matcher.js';

const SECRET = 'hunter2-hunter3';
const RUNS = process.env['POSTERN_TEST_VOLUME'] === 'long' ? 10_000 : 300;

interface Part {
  readonly opcode: number;
  readonly last: boolean;
  readonly payload: Buffer;
}

function framed({ opcode, last, payload }: Part): Buffer {
  const first = (last ? 0x80 : 0) | opcode;
  if (payload.length < 126) return Buffer.concat([Buffer.from([first, payload.length]), payload]);
  const head = Buffer.from([first, 126, 0, 0]);
  head.writeUInt16BE(payload.length, 2);
  return Buffer.concat([head, payload]);
}

/** A text as the frames of one message, with pings between them. */
function message(text: string, cuts: readonly number[]): Part[] {
  const bytes = Buffer.from(text);
  const ends = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  const pieces = [...ends, bytes.length].map((end, index) =>
    bytes.subarray(ends[index - 1] ?? 0, end),
  );
  return pieces.flatMap((payload, index) => [
    ...(index === 0 ? [] : [{ opcode: 9, last: true, payload: Buffer.from('ping') }]),
    { opcode: index === 0 ? 1 : 0, last: index === pieces.length - 1, payload },
  ]);
}

function scrubbed(bytes: Buffer, sizes: readonly number[]): { out: Buffer; hits: number } {
  const scrubber = new FrameScrubber(new TermMatcher(searchTerms([SECRET])));
  const out: Buffer[] = [];
  for (let [at, turn] = [0, 0]; at < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1;
    out.push(scrubber.push(bytes.subarray(at, at + size)));
    at += size;
  }
  return { out: Buffer.concat(out), hits: scrubber.hits };
}

describe('the frames of a server', () => {
  it('keep their heads and lengths, and lose every occurrence, however they are cut', () => {
    const words = fc.array(fc.constantFrom(SECRET, 'hunter2', '-hunter3', 'x', 'h'.repeat(130)), {
      maxLength: 6,
    });
    const cuts = fc.array(fc.nat(200), { maxLength: 4 });
    const sizes = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(fc.array(fc.tuple(words, cuts), { maxLength: 4 }), sizes, (messages, chunks) => {
        const plain = messages.map(([texts, at]) => message(texts.join(''), at));
        const masked = messages.map(([texts, at]) =>
          message(texts.join('').replaceAll(SECRET, '*'.repeat(SECRET.length)), at),
        );
        const sent = Buffer.concat(plain.flat().map(framed));
        const { out } = scrubbed(sent, chunks);
        expect(out.toString('latin1')).toBe(
          Buffer.concat(masked.flat().map(framed)).toString('latin1'),
        );
      }),
      { numRuns: RUNS },
    );
  });

  it('count their occurrences', () => {
    const bytes = Buffer.concat(message(`a ${SECRET} ${SECRET}`, [5, 9]).map(framed));
    expect(scrubbed(bytes, [3]).hits).toBe(2);
  });

  it('go out without waiting for the next one, although they end like a secret begins', () => {
    const bytes = framed({ opcode: 1, last: true, payload: Buffer.from('hunter') });
    expect(scrubbed(bytes, [100]).out).toEqual(bytes);
  });

  it.each<[string, number[]]>([
    ['masked', [0x81, 0x81, 1, 2, 3, 4, 5]],
    ['of an extension', [0xc1, 0x01, 1]],
    ['of an unknown kind', [0x83, 0x01, 1]],
    ['a long control frame', [0x89, 126, 0, 126]],
    ['without an end', [0x82, 127, 255, 255, 255, 255, 255, 255, 255, 255]],
  ])('are refused when they are %s', (_, bytes) => {
    expect(() => scrubbed(Buffer.from(bytes), [100])).toThrow(/the destination sent/);
  });

  it('are refused when too many of them wait for the rest of what could be a secret', () => {
    const first = framed({ opcode: 1, last: false, payload: Buffer.from('hunter') });
    const empty = framed({ opcode: 0, last: false, payload: Buffer.alloc(0) });
    const flood = Buffer.concat([first, ...Array.from({ length: 2_000 }, () => empty)]);
    expect(() => scrubbed(flood, [10_000])).toThrow(/too many frames/);
  });
});
