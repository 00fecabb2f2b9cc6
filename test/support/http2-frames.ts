import { type SecureServerOptions } from 'node:http2';
import { type Server } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';

export const [DATA, HEADERS, RST_STREAM] = [0, 1, 3];
const SETTINGS = 4;
export const [END_STREAM, END_HEADERS] = [1, 4];
/** RFC 7541 appendix A: entry 8 of the static table. */
export const STATUS_200 = Buffer.from([0x88]);
const PREFACE_BYTES = 24;

/** RFC 9113 section 4.1, of stream 1; settings are of the connection. */
export function frame(type: number, flags: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head[8] = type === SETTINGS ? 0 : 1;
  return Buffer.concat([head, payload]);
}

/** Answers whatever is asked with these frames. */
export const framesServer = (pair: SecureServerOptions, answer: readonly Buffer[]): Server =>
  createTlsServer({ ...pair, ALPNProtocols: ['h2'] }, (socket) => {
    let received = Buffer.alloc(0);
    let answered = false;
    socket.write(frame(SETTINGS, 0, Buffer.alloc(0)));
    socket
      .on('error', () => undefined)
      .on('data', (chunk: Buffer) => {
        received = Buffer.concat([received, chunk]);
        if (answered || !typesIn(received).includes(HEADERS)) return;
        answered = true;
        socket.write(Buffer.concat(answer));
      });
  });

function typesIn(received: Buffer): readonly (number | undefined)[] {
  const types: (number | undefined)[] = [];
  for (let at = PREFACE_BYTES; at + 9 <= received.length; at += 9 + received.readUIntBE(at, 3)) {
    types.push(received[at + 3]);
  }
  return types;
}
