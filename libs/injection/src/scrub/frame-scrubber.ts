import { CallFailed } from '../call-failed.js';
import { StreamScrubber } from './stream-scrubber.js';
import { type TermSearch } from './term-matcher.js';

const EMPTY = Buffer.alloc(0);
/** Frames that may wait for the rest of what could be a term. */
const WAITING_MAX = 1_000;
const CONTROL_PAYLOAD_BYTES_MAX = 125;
const DATA_OPCODES: ReadonlySet<number> = new Set([0, 1, 2]);
const CONTROL_OPCODES: ReadonlySet<number> = new Set([8, 9, 10]);

interface Frame {
  readonly isControl: boolean;
  readonly isLast: boolean;
  left: number;
}

/** What goes out next: bytes as they are, or so many bytes of scrubbed payload. */
type Waiting = { readonly bytes: Buffer } | { left: number };

/**
 * Scrubs the frames that a server sends (RFC 6455 section 5): payloads are searched, across the frames of one message, and
 * occurrences replaced by asterisks of the same length, so that every frame keeps its length. A message goes out when it is
 * whole at the latest. What cannot be searched (masked, compressed, of an unknown kind) is refused.
 */
export class FrameScrubber {
  readonly #messages: StreamScrubber;
  readonly #controls: StreamScrubber;
  #head: Buffer = EMPTY;
  #frame: Frame | undefined;
  #scrubbed: Buffer[] = [];
  #waiting: Waiting[] = [];

  constructor(matcher: TermSearch) {
    this.#messages = new StreamScrubber(matcher);
    this.#controls = new StreamScrubber(matcher);
  }

  /** Occurrences replaced so far. */
  get hits(): number {
    return this.#messages.hits + this.#controls.hits;
  }

  /** Takes what came, and gives what may go out. @throws CallFailed */
  push(chunk: Buffer): Buffer {
    let rest = chunk;
    while (rest.length > 0)
      rest = this.#frame === undefined ? this.#readHead(rest) : this.#read(rest);
    return this.#released();
  }

  /** Gives what is left of a message that breaks off. */
  end(): Buffer {
    this.#scrubbed.push(this.#messages.end());
    return this.#released();
  }

  #readHead(chunk: Buffer): Buffer {
    const known = this.#head.length;
    const bytes = known === 0 ? chunk : Buffer.concat([this.#head, chunk]);
    const length = headLength(bytes);
    if (length === undefined || bytes.length < length) {
      this.#head = Buffer.from(bytes);
      return EMPTY;
    }
    this.#head = EMPTY;
    this.#wait({ bytes: Buffer.from(bytes.subarray(0, length)) });
    this.#frame = frameOf(bytes.subarray(0, length));
    if (!this.#frame.isControl) this.#wait({ left: this.#frame.left });
    if (this.#frame.left === 0) this.#endFrame(this.#frame);
    return bytes.subarray(length);
  }

  #read(chunk: Buffer): Buffer {
    const frame = this.#frame;
    if (frame === undefined) return chunk;
    const payload = chunk.subarray(0, frame.left);
    frame.left -= payload.length;
    if (frame.isControl) this.#wait({ bytes: this.#controls.push(payload) });
    else this.#scrubbed.push(this.#messages.push(payload));
    if (frame.left === 0) this.#endFrame(frame);
    return chunk.subarray(payload.length);
  }

  #endFrame({ isControl, isLast }: Frame): void {
    this.#frame = undefined;
    if (isControl) this.#wait({ bytes: this.#controls.end() });
    else if (isLast) this.#scrubbed.push(this.#messages.end());
  }

  #wait(next: Waiting): void {
    if (this.#waiting.length >= WAITING_MAX) throw unscrubbable('too many frames in one message');
    this.#waiting.push(next);
  }

  /** In the order of arrival; a payload whose end is held back holds back what follows it. */
  #released(): Buffer {
    const payload = Buffer.concat(this.#scrubbed);
    const out: Buffer[] = [];
    let [from, index] = [0, 0];
    for (; index < this.#waiting.length; index += 1) {
      const next = this.#waiting[index];
      if (next === undefined) break;
      if ('bytes' in next) {
        out.push(next.bytes);
        continue;
      }
      const bytes = payload.subarray(from, from + next.left);
      from += bytes.length;
      next.left -= bytes.length;
      out.push(bytes);
      if (next.left > 0) break;
    }
    this.#waiting = this.#waiting.slice(index);
    this.#scrubbed = from === payload.length ? [] : [payload.subarray(from)];
    return Buffer.concat(out);
  }
}

/** Undefined while too little of it is there. */
function headLength(bytes: Buffer): number | undefined {
  const second = bytes[1];
  if (second === undefined) return undefined;
  const length = second & 0x7f;
  if (length < 126) return 2;
  return length === 126 ? 4 : 10;
}

/** @throws CallFailed for a frame that no server sends, or whose payload is not plain */
function frameOf(head: Buffer): Frame {
  const [first = 0, second = 0] = head;
  const opcode = first & 0x0f;
  const isControl = CONTROL_OPCODES.has(opcode);
  const isLast = (first & 0x80) !== 0;
  if ((first & 0x70) !== 0) throw unscrubbable('a frame of an extension');
  if ((second & 0x80) !== 0) throw unscrubbable('a masked frame of a server');
  if (!isControl && !DATA_OPCODES.has(opcode)) throw unscrubbable('a frame of an unknown kind');
  const left = payloadLength(head);
  if (isControl && (left > CONTROL_PAYLOAD_BYTES_MAX || !isLast)) {
    throw unscrubbable('a control frame that is too long');
  }
  return { isControl, isLast, left };
}

function payloadLength(head: Buffer): number {
  if (head.length === 2) return (head[1] ?? 0) & 0x7f;
  if (head.length === 4) return head.readUInt16BE(2);
  const length = head.readBigUInt64BE(2);
  if (length > BigInt(Number.MAX_SAFE_INTEGER)) throw unscrubbable('a frame without an end');
  return Number(length);
}

const unscrubbable = (what: string): CallFailed =>
  new CallFailed('unscrubbable-encoding', 'response_cut', `the destination sent ${what}`);
