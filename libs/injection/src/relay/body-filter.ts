import { CallFailed } from '../call-failed.js';
import { type StreamScrubber } from '../scrub/stream-scrubber.js';
import { type Slice } from './byte-range.js';

/** What happens to a body between the destination and the caller. */
export interface BodyFilter {
  /** Takes a chunk and gives what may go out now. @throws CallFailed when the body must not go on */
  push(chunk: Buffer): Buffer;
  /** Gives what is left. @throws CallFailed */
  end(): Buffer;
  /** Occurrences of the secret that were replaced or refused. */
  readonly hits: number;
  /** Nothing that follows will be passed on. */
  readonly complete: boolean;
}

const EMPTY = Buffer.alloc(0);

/** `scrub: off`. */
export const unchangedBody: BodyFilter = {
  push: (chunk) => chunk,
  end: () => EMPTY,
  hits: 0,
  complete: false,
};

/** `scrub: stream`. */
export class ScrubbedBody implements BodyFilter {
  readonly complete = false;

  constructor(private readonly scrubber: StreamScrubber) {}

  get hits(): number {
    return this.scrubber.hits;
  }

  push(chunk: Buffer): Buffer {
    return this.scrubber.push(chunk);
  }

  end(): Buffer {
    return this.scrubber.end();
  }
}

/** `scrub: buffer`: held until it is whole, and dropped when it holds the secret. */
export class HeldBody implements BodyFilter {
  readonly complete = false;
  readonly #chunks: Buffer[] = [];
  #bytes = 0;

  constructor(
    private readonly scrubber: StreamScrubber,
    private readonly bytesMax: number,
  ) {}

  get hits(): number {
    return this.scrubber.hits;
  }

  push(chunk: Buffer): Buffer {
    this.#bytes += chunk.length;
    if (this.#bytes > this.bytesMax) throw responseTooLarge(this.bytesMax);
    this.#chunks.push(this.scrubber.push(chunk));
    this.refuseHit();
    return EMPTY;
  }

  end(): Buffer {
    this.#chunks.push(this.scrubber.end());
    this.refuseHit();
    return Buffer.concat(this.#chunks);
  }

  private refuseHit(): void {
    if (this.scrubber.hits === 0) return;
    throw new CallFailed(
      'secret-in-response',
      'response_cut',
      'the response holds the secret, and the resource says scrub: buffer',
    );
  }
}

/** A range of the scrubbed whole: cutting before scrubbing could cut the secret in two unrecognised halves. */
export class SlicedBody implements BodyFilter {
  #position = 0;

  constructor(
    private readonly whole: BodyFilter,
    private readonly slice: NonNullable<Slice>,
  ) {}

  get hits(): number {
    return this.whole.hits;
  }

  get complete(): boolean {
    return this.#position >= this.slice.end;
  }

  push(chunk: Buffer): Buffer {
    return this.cut(this.whole.push(chunk));
  }

  end(): Buffer {
    return this.cut(this.whole.end());
  }

  private cut(chunk: Buffer): Buffer {
    const from = Math.max(0, this.slice.first - this.#position);
    const to = Math.max(0, this.slice.end - this.#position);
    this.#position += chunk.length;
    return chunk.subarray(from, to);
  }
}

export const responseTooLarge = (bytesMax: number): CallFailed =>
  new CallFailed(
    'response-too-large',
    'response_cut',
    `the response is larger than ${bytesMax} bytes`,
  );
