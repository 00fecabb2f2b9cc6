import { Readable, Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import {
  type CallFailed,
  InjectionPipeline,
  Upstream,
  type UpstreamController,
  type UpstreamRequest,
  type UpstreamResponseSink,
} from '#injection';
import { aProxiedResource, CallPathParts } from '#testing';
import { base64Core, base64Within, ENCODINGS } from './independent-encoders.js';

const long = process.env['POSTERN_TEST_VOLUME'] === 'long';
const RUNS = long ? 10_000 : 200;
const TIMEOUT_MS = long ? 1_800_000 : 180_000;
const USERNAME = 'ledger-svc';

const CODINGS: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
  identity: (bytes) => bytes,
  gzip: gzipSync,
  deflate: deflateSync,
  br: brotliCompressSync,
  'gzip, br': (bytes) => brotliCompressSync(gzipSync(bytes)),
};

/** A piece of an answer; what is not planted must come through byte for byte. */
interface Piece {
  readonly bytes: Buffer;
  readonly planted: boolean;
}

/** What the destination answers. */
interface Script {
  readonly secret: string;
  readonly scrub: 'stream' | 'buffer';
  readonly coding: string;
  readonly body: readonly Piece[];
  readonly header: readonly Piece[];
  readonly reason: readonly Piece[];
  readonly trailer: readonly Piece[];
  readonly cuts: readonly number[];
}

const HEADERS = ['X-Debug', 'Location', 'Set-Cookie', 'WWW-Authenticate', 'Server-Timing', 'Link'];
/** Bytes of no encoding, so that what is between two plants is never a part of one. */
const filler = fc
  .array(fc.oneof(fc.constantFrom(0, 10, 13), fc.integer({ min: 0x80, max: 0xff })), {
    maxLength: 40,
  })
  .map((bytes) => ({ bytes: Buffer.from(bytes), planted: false }));
const headFiller = fc
  .constantFrom('', '\u00ab', '\u00ab\u00bb\u00ab', '\u00a0')
  .map((text) => ({ bytes: Buffer.from(text, 'latin1'), planted: false }));
const characters = fc.oneof(
  {
    weight: 20,
    arbitrary: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
  },
  { weight: 4, arbitrary: fc.constantFrom(...Array.from(`&<>"'/\\+% ;:`)) },
  { weight: 1, arbitrary: fc.constantFrom('\u00f6', '\u20ac', '\u{1f511}') },
);
const secrets = fc
  .array(characters, { minLength: 8, maxLength: 32 })
  .map((parts) => parts.join(''))
  .filter((text) => text === text.trim() && Buffer.byteLength(text) >= 8);

/** The secret, or the pair that it is sent as, in one of the encodings. */
const planted = (secret: string): fc.Arbitrary<Piece> =>
  fc
    .record({
      text: fc.constantFrom(secret, `${USERNAME}:${secret}`),
      how: fc.oneof(
        fc.constantFrom(...ENCODINGS).map(({ encode }) => encode),
        fc
          .record({
            before: fc.uint8Array({ maxLength: 5 }),
            after: fc.uint8Array({ maxLength: 5 }),
            last: fc.constantFrom<'+/' | '-_'>('+/', '-_'),
            padded: fc.boolean(),
          })
          .map(
            ({ before, after, last, padded }) =>
              (bytes: Buffer) =>
                base64Within([Buffer.from(before), bytes, Buffer.from(after)], last, padded),
          ),
      ),
    })
    .map(({ text, how }) => ({ bytes: Buffer.from(how(Buffer.from(text))), planted: true }));

/** It begins like the secret, and goes on in another way. */
const decoy = (secret: string): fc.Arbitrary<Piece> =>
  fc.nat(secret.length - 2).map((end) => ({
    bytes: Buffer.from(`${secret.slice(0, end)}\n`),
    planted: false,
  }));

const script = secrets.chain((secret): fc.Arbitrary<Script> => {
  const plant = planted(secret);
  const head = fc.tuple(headFiller, fc.oneof(plant, headFiller), headFiller);
  return fc.record({
    secret: fc.constant(secret),
    scrub: fc.constantFrom('stream', 'stream', 'stream', 'buffer'),
    coding: fc.constantFrom(...Object.keys(CODINGS)),
    body: fc
      .array(fc.tuple(filler, fc.oneof(plant, decoy(secret), filler), filler), { maxLength: 5 })
      .map((parts) => parts.flat()),
    header: head,
    reason: head,
    trailer: head,
    cuts: fc.array(fc.nat(3_000), { maxLength: 20 }),
  });
});

const joined = (pieces: readonly Piece[]): Buffer =>
  Buffer.concat(pieces.map(({ bytes }) => bytes));
const holdsPlanted = (pieces: readonly Piece[]): boolean => pieces.some((piece) => piece.planted);

/** All that a caller could read the secret from, as the independent encoders have it. */
function leaksOf(secret: string): readonly string[] {
  return [secret, `${USERNAME}:${secret}`].flatMap((text) => {
    const bytes = Buffer.from(text);
    const written = ENCODINGS.map(({ encode }) => Buffer.from(encode(bytes)).toString('latin1'));
    const cores = [0, 1, 2].flatMap((before) => [
      base64Core(bytes, before, '+/'),
      base64Core(bytes, before, '-_'),
    ]);
    return [...written, ...cores];
  });
}

/** Answers by the script, in the chunks that it says. */
class ScriptedUpstream extends Upstream {
  script: Script | undefined;
  header = 0;

  override send(_: UpstreamRequest, sink: UpstreamResponseSink): UpstreamController {
    const told = this.script!;
    let resume: () => void = () => undefined;
    const wire = CODINGS[told.coding]!(joined(told.body));
    const chunks = cut(wire, told.cuts);
    const headers: (string | Buffer)[] = [
      HEADERS[this.header % HEADERS.length]!,
      joined(told.header),
    ];
    if (told.coding !== 'identity') headers.push('Content-Encoding', told.coding);
    const answer = async (): Promise<void> => {
      const raw = headers.map((text) => Buffer.from(text as string));
      sink.onHead(200, joined(told.reason).toString('latin1'), raw);
      for (const chunk of chunks) {
        if (sink.onData(chunk)) continue;
        await new Promise<void>((resolve) => {
          resume = resolve;
        });
      }
      sink.onEnd([Buffer.from('X-End'), joined(told.trailer)]);
    };
    setImmediate(() => void answer());
    return { resume: () => resume(), abort: () => resume() };
  }

  override async close(): Promise<void> {
    this.script = undefined;
  }
}

function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const at = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...at].map((start, index) => bytes.subarray(start, at[index] ?? bytes.length));
}

class Received extends Writable {
  readonly chunks: Buffer[] = [];
  headersSent = false;
  reason = '';
  headers: readonly string[] = [];
  trailers: readonly (readonly [string, string])[] = [];

  override _write(chunk: Buffer, _: unknown, done: () => void): void {
    this.chunks.push(chunk);
    setImmediate(done);
  }
  writeHead(_: number, reason: string, headers: string[]): void {
    this.headersSent = true;
    this.reason = reason;
    this.headers = headers;
  }
  addTrailers(trailers: readonly (readonly [string, string])[]): void {
    this.trailers = trailers;
  }
  /** Everything, as one text of one character a byte. */
  get everything(): string {
    const head = [this.reason, ...this.headers, ...this.trailers.flat()].join('\n');
    return `${head}\n${Buffer.concat(this.chunks).toString('latin1')}`;
  }
}

/** Of the same length, and the same where nothing was planted. */
function expectMasked(received: Buffer, pieces: readonly Piece[]): void {
  expect(received).toHaveLength(joined(pieces).length);
  let at = 0;
  for (const { bytes, planted: isPlanted } of pieces) {
    const part = received.subarray(at, at + bytes.length);
    if (!isPlanted) expect(part.toString('latin1')).toBe(bytes.toString('latin1'));
    at += bytes.length;
  }
}

const latin1 = (text: string | undefined): Buffer => Buffer.from(text ?? '', 'latin1');

describe('the secret never comes back', () => {
  const upstream = new ScriptedUpstream();
  const parts = new CallPathParts([]);
  const pipeline = new InjectionPipeline(Object.assign(parts, { upstream }));
  let plaintext = '';
  let round = 0;
  beforeAll(async () => {
    plaintext = (await parts.issue({ maxCalls: 2 * RUNS })).plaintext;
  });

  /** The code of the failure; undefined for an answer. */
  async function answeredBy(told: Script, response: Received): Promise<string | undefined> {
    round += 1;
    const ref = { mount: 'secret', path: `legacy/${round}` };
    await parts.seal({ username: USERNAME, password: told.secret }, ref);
    const resource = aProxiedResource({
      credential: { ref },
      response: { scrub: told.scrub },
    });
    parts.resources.set('ledger', resource);
    Object.assign(upstream, { script: told, header: round });
    const incoming = Object.assign(Readable.from([]), {
      ...{ method: 'GET', url: '/proxy/ledger/accounts/42', httpVersion: '1.1' },
      rawHeaders: ['Host', 'p', 'Authorization', `Bearer ${plaintext}`],
    });
    const context = { correlationId: 'req_x', peerAddress: '192.0.2.7' };
    return pipeline.call(incoming, response, context).then(
      () => finished(response).then(() => undefined),
      (error: unknown) => (error as CallFailed).code,
    );
  }

  it(
    'in any encoding, header, trailer or body, compressed or not, cut into any chunks; and the rest comes byte for byte',
    async () => {
      const seen = { masked: 0, dropped: 0, clean: 0 };
      await fc.assert(
        fc.asyncProperty(script, async (told) => {
          const response = new Received();
          const code = await answeredBy(told, response);
          for (const leak of leaksOf(told.secret)) expect(response.everything).not.toContain(leak);
          if (told.scrub === 'buffer' && holdsPlanted(told.body)) {
            expect([code, response.headersSent]).toEqual(['secret-in-response', false]);
            seen.dropped += 1;
            return;
          }
          expect(code).toBeUndefined();
          expectMasked(Buffer.concat(response.chunks), told.body);
          expectMasked(latin1(response.headers[1]), told.header);
          expectMasked(latin1(response.reason), told.reason);
          expectMasked(latin1(response.trailers[0]?.[1]), told.trailer);
          seen[holdsPlanted(told.body) ? 'masked' : 'clean'] += 1;
        }),
        { numRuns: RUNS },
      );
      // The rarest is one in seven.
      for (const times of Object.values(seen)) expect(times).toBeGreaterThan(RUNS / 200);
    },
    TIMEOUT_MS,
  );
});
