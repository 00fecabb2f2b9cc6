import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { connect } from 'node:net';

/** https://kafka.apache.org/41/design/protocol/#The_Messages_AlterClientQuotas, version 0. */
const ALTER_CLIENT_QUOTAS = 49;
const VERSION = 0;
const CORRELATION_ID = 1;
const KEY = 'producer_byte_rate';

const int8 = (value: number): Buffer => Buffer.from([value]);
const int16 = (value: number): Buffer => {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
};
const int32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
};
const float64 = (value: number): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  return bytes;
};
const string = (value: string): Buffer =>
  Buffer.concat([int16(Buffer.byteLength(value)), Buffer.from(value)]);
const NULL_STRING = int16(-1);
const arrayOfOne = (...item: Buffer[]): Buffer => Buffer.concat([int32(1), ...item]);

/**
 * How many bytes a second all clients without a quota of their own may write to each broker; undefined: as many as they
 * like. kafkajs cannot ask for it. `broker` is `host:port`. @throws Error with Kafka's error code
 */
export async function setProducerQuota(
  broker: string,
  bytesPerSecond: number | undefined,
): Promise<void> {
  const entity = arrayOfOne(string('client-id'), NULL_STRING); // The default of all client ids.
  const removal = int8(bytesPerSecond === undefined ? 1 : 0);
  const change = arrayOfOne(string(KEY), float64(bytesPerSecond ?? 0), removal);
  const header = [int16(ALTER_CLIENT_QUOTAS), int16(VERSION), int32(CORRELATION_ID)];
  const request = Buffer.concat([...header, string('test'), arrayOfOne(entity, change), int8(0)]);
  const answer = await ask(broker, request);
  // Correlation id, throttle time, one entry, its error code.
  const errorCode = answer.readInt16BE(12);
  if (errorCode !== 0) throw new Error(`AlterClientQuotas: error code ${errorCode}`);
}

async function ask(broker: string, request: Buffer): Promise<Buffer> {
  const [host = '', port = ''] = broker.split(':');
  const socket = connect(Number(port), host);
  await once(socket, 'connect');
  socket.write(Buffer.concat([int32(request.length), request]));
  let answer = Buffer.alloc(0);
  while (answer.length < 4 || answer.length < 4 + answer.readInt32BE(0)) {
    const [bytes] = (await once(socket, 'data')) as [Buffer];
    answer = Buffer.concat([answer, bytes]);
  }
  socket.destroy();
  return answer.subarray(4);
}
