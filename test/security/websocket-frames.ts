import { randomBytes } from 'node:crypto';

export interface Message {
  readonly opcode: number;
  readonly payload: Buffer;
}

/** One frame; a client masks it (RFC 6455 section 5.3). */
export function frame(
  text: string | Buffer,
  { opcode = 1, last = true, masked = false, reserved = 0 } = {},
): Buffer {
  const payload = Buffer.from(text);
  const length = lengthBytes(payload.length);
  length[0]! |= masked ? 0x80 : 0;
  const first = Buffer.from([(last ? 0x80 : 0) | reserved | opcode]);
  if (!masked) return Buffer.concat([first, length, payload]);
  const key = randomBytes(4);
  const covered = payload.map((byte, index) => byte ^ key[index % 4]!);
  return Buffer.concat([first, length, key, covered]);
}

function lengthBytes(length: number): Buffer {
  if (length < 126) return Buffer.from([length]);
  const bytes = Buffer.alloc(length < 65_536 ? 3 : 9);
  if (length < 65_536) {
    bytes[0] = 126;
    bytes.writeUInt16BE(length, 1);
  } else {
    bytes[0] = 127;
    bytes.writeBigUInt64BE(BigInt(length), 1);
  }
  return bytes;
}

/** Takes frames out of bytes as they come. */
export class FrameReader {
  #bytes: Buffer = Buffer.alloc(0);

  push(chunk: Buffer): Message[] {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    const messages: Message[] = [];
    for (let next = this.#next(); next !== undefined; next = this.#next()) messages.push(next);
    return messages;
  }

  #next(): Message | undefined {
    const bytes = this.#bytes;
    if (bytes.length < 2) return undefined;
    const short = bytes[1]! & 0x7f;
    const extra = short < 126 ? 0 : short === 126 ? 2 : 8;
    if (bytes.length < 2 + extra) return undefined;
    let length = short;
    if (extra === 2) length = bytes.readUInt16BE(2);
    if (extra === 8) length = Number(bytes.readBigUInt64BE(2));
    const masked = (bytes[1]! & 0x80) !== 0;
    const start = 2 + extra + (masked ? 4 : 0);
    if (bytes.length < start + length) return undefined;
    const key = bytes.subarray(start - 4, start);
    const payload = Buffer.from(bytes.subarray(start, start + length));
    if (masked) payload.forEach((byte, at) => (payload[at] = byte ^ key[at % 4]!));
    this.#bytes = bytes.subarray(start + length);
    return { opcode: bytes[0]! & 0x0f, payload };
  }
}
