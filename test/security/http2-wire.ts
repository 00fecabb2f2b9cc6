import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { connect, type TLSSocket } from 'node:tls';

const DEADLINE_MS = 5_000;
const FRAME_HEAD_BYTES = 9;

export const FRAME = {
  ...{ data: 0, headers: 1, reset: 3, settings: 4, ping: 6, goaway: 7, continuation: 9 },
} as const;
export const END_STREAM = 1;
export const END_HEADERS = 4;

/** Names and values as they go on the wire, whatever they are. */
export type Fields = readonly (readonly [name: string, value: string])[];

interface Frame {
  readonly type: number;
  readonly stream: number;
  readonly payload: Buffer;
}

/** How a stream ended: its status, or that it or its connection was cut, with the error code. */
export interface WireOutcome {
  readonly status?: number;
  readonly reset?: number;
  readonly goaway?: number;
}

export function frame(type: number, flags: number, stream: number, payload = ''): Buffer {
  const bytes = Buffer.from(payload, 'latin1');
  const head = Buffer.alloc(FRAME_HEAD_BYTES);
  head.writeUIntBE(bytes.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, bytes]);
}

/** RFC 7541 section 6.2.2: literals, never indexed, never compressed. */
export const block = (fields: Fields): string =>
  fields.map(([name, value]) => `\0${literal(name)}${literal(value)}`).join('');

export const headers = (fields: Fields, flags = END_STREAM | END_HEADERS, stream = 1): Buffer =>
  frame(FRAME.headers, flags, stream, block(fields));

export const reset = (code: number, stream = 1): Buffer =>
  frame(FRAME.reset, 0, stream, String.fromCharCode(0, 0, 0, code));

/** A caller that writes frames of HTTP/2 by hand, and keeps to no rule. */
export class Http2Wire {
  readonly frames: Frame[] = [];
  ended = false;
  #unread = Buffer.alloc(0);

  private constructor(private readonly socket: TLSSocket) {
    socket.on('data', (chunk: Buffer) => this.#read(chunk)).on('error', () => undefined);
    socket.on('close', () => (this.ended = true)).on('end', () => (this.ended = true));
  }

  static async open(port: number): Promise<Http2Wire> {
    const socket = connect({
      ...{ host: '127.0.0.1', port, rejectUnauthorized: false, ALPNProtocols: ['h2'] },
    });
    await once(socket, 'secureConnect');
    const wire = new Http2Wire(socket);
    wire.write(Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), frame(FRAME.settings, 0, 0));
    return wire;
  }

  write(...frames: readonly Buffer[]): void {
    this.socket.write(Buffer.concat(frames));
  }

  /** Resolves when the stream was answered, or cut, or the connection was. */
  async outcome(stream = 1): Promise<WireOutcome> {
    for (let waited = 0; waited < DEADLINE_MS; waited += 5) {
      const found = this.#outcome(stream);
      if (found !== undefined) return found;
      await pause(5);
    }
    throw new Error('nothing came back');
  }

  /** Resolves when the other side has ended the connection; to the error code that it gave, if it did. */
  async end(): Promise<number | undefined> {
    for (let waited = 0; waited < DEADLINE_MS && !this.ended; waited += 5) await pause(5);
    if (!this.ended) throw new Error('the connection goes on');
    return this.#of(FRAME.goaway)[0]?.payload.readUInt32BE(4);
  }

  destroy(): void {
    this.socket.destroy();
  }

  #of(type: number, stream?: number): Frame[] {
    return this.frames.filter(
      (one) => one.type === type && (stream === undefined || one.stream === stream),
    );
  }

  #outcome(stream: number): WireOutcome | undefined {
    const [goaway] = this.#of(FRAME.goaway);
    if (goaway !== undefined) return { goaway: goaway.payload.readUInt32BE(4) };
    const [cut] = this.#of(FRAME.reset, stream);
    const final = this.#of(FRAME.headers, stream)
      .map(({ payload }) => statusOf(payload))
      .find((status) => status >= 200);
    if (final !== undefined) return { status: final };
    if (cut !== undefined) return { reset: cut.payload.readUInt32BE(0) };
    return this.ended ? { goaway: -1 } : undefined;
  }

  #read(chunk: Buffer): void {
    this.#unread = Buffer.concat([this.#unread, chunk]);
    while (this.#unread.length >= FRAME_HEAD_BYTES) {
      const end = FRAME_HEAD_BYTES + this.#unread.readUIntBE(0, 3);
      if (this.#unread.length < end) return;
      const type = this.#unread.readUInt8(3);
      const stream = this.#unread.readUInt32BE(5);
      this.frames.push({ type, stream, payload: this.#unread.subarray(FRAME_HEAD_BYTES, end) });
      this.#unread = this.#unread.subarray(end);
    }
  }
}

/** RFC 7541 section 5.2, without Huffman coding. */
const literal = (text: string): string => integer(text.length) + text;

/** RFC 7541 section 5.1, with a prefix of 7 bits. */
function integer(value: number): string {
  if (value < 127) return String.fromCharCode(value);
  let octets = String.fromCharCode(127);
  let rest = value - 127;
  for (; rest >= 128; rest = Math.floor(rest / 128))
    octets += String.fromCharCode((rest % 128) | 128);
  return octets + String.fromCharCode(rest);
}

/** RFC 7541 appendix A: entries 8 to 14. */
const INDEXED = [200, 204, 206, 304, 400, 404, 500];
/** RFC 7541 appendix B, of digits. */
const DIGIT_BITS = [
  ...['00000', '00001', '00010', '011001', '011010'],
  ...['011011', '011100', '011101', '011110', '011111'],
];

/** `:status`, which comes first, of the first answer on a connection. */
function statusOf(payload: Buffer): number {
  const [first = 0, length = 0] = payload;
  if (first >= 0x88 && first <= 0x8e) return INDEXED[first - 0x88]!;
  const value = payload.subarray(2, 2 + (length & 0x7f));
  return Number((length & 0x80) === 0 ? value.toString('latin1') : digitsOf(value));
}

function digitsOf(coded: Buffer): string {
  let bits = [...coded].map((octet) => octet.toString(2).padStart(8, '0')).join('');
  let digits = '';
  while (digits.length < 3) {
    const digit = DIGIT_BITS.findIndex((code) => bits.startsWith(code));
    if (digit < 0) throw new Error('a status that is no number');
    digits += String(digit);
    bits = bits.slice(DIGIT_BITS[digit]!.length);
  }
  return digits;
}
