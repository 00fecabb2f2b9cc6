import { type Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';

const DECODERS: Readonly<Record<string, () => Transform>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
};
/** More than that nobody applies; each costs memory. */
const CODINGS_MAX = 3;

export interface DecodedBodySink {
  /** Returns false to pause. */
  onDecoded(chunk: Buffer): boolean;
  onDecodedEnd(): void;
  onDecodeError(): void;
  /** What was written before fits again. */
  onWritable(): void;
}

/** Undoes the content codings of a response, with back-pressure on both sides. */
export class BodyDecoder {
  readonly #first: Transform;
  readonly #last: Transform;
  readonly #stages: readonly Transform[];

  private constructor(stages: readonly [Transform, ...Transform[]], sink: DecodedBodySink) {
    this.#stages = stages;
    this.#first = stages[0];
    this.#last = stages.reduce((from, to) => from.pipe(to));
    this.#first.on('drain', () => {
      sink.onWritable();
    });
    for (const stage of stages) {
      stage.on('error', () => {
        sink.onDecodeError();
      });
    }
    this.#last.on('data', (chunk: Buffer) => {
      if (!sink.onDecoded(chunk)) this.#last.pause();
    });
    this.#last.on('end', () => {
      sink.onDecodedEnd();
    });
  }

  /** Undefined when one of the codings (as listed in Content-Encoding) cannot be undone. */
  static of(codings: readonly string[], sink: DecodedBodySink): BodyDecoder | undefined {
    const makers = codings.map((coding) => DECODERS[coding]).reverse();
    if (makers.length > CODINGS_MAX) return undefined;
    const stages: Transform[] = [];
    for (const make of makers) {
      if (make === undefined) return undefined;
      stages.push(make());
    }
    const [first, ...rest] = stages;
    return first === undefined ? undefined : new BodyDecoder([first, ...rest], sink);
  }

  /** Returns false to pause. */
  write(chunk: Buffer): boolean {
    return this.#first.write(chunk);
  }

  end(): void {
    this.#first.end();
  }

  resume(): void {
    this.#last.resume();
  }

  destroy(): void {
    for (const stage of this.#stages) stage.destroy();
  }
}
