import { randomUUID } from 'node:crypto';
import kafkajs from 'kafkajs';
import { KafkaCommandFeed } from '#adapters/kafka';
import { TOPICS } from '#events';
import { describeWithServer } from '#test-support';
import { until } from '#testing';

const { CompressionCodecs, CompressionTypes, Kafka, logLevel } = kafkajs;
const LITERAL_OF_TWO_LENGTH_BYTES = 61 << 2;

/** Snappy as it is described in google/snappy's format_description.txt, which finds nothing to shorten. */
function snappyOf(bytes: Buffer): Buffer {
  const length: number[] = [];
  for (let rest = bytes.length; ; rest >>>= 7) {
    length.push(rest < 0x80 ? rest : (rest & 0x7f) | 0x80);
    if (rest < 0x80) break;
  }
  const head = Buffer.from([...length, LITERAL_OF_TWO_LENGTH_BYTES, 0, 0]);
  head.writeUInt16LE(bytes.length - 1, head.length - 2);
  return Buffer.concat([head, bytes]);
}

/**
 * Who signs commands uses a client of another make, with a compression of its own choice. kafkajs knows gzip alone: one
 * such batch ended each reader of the topic at once, and again after each start, until the record was a week old.
 */
describeWithServer('a command that was compressed by another codec', 'kafka', (brokers) => {
  const connection = { brokers: brokers.split(','), clientId: 'soar', onProblem: () => undefined };

  it('is read, and what comes after it as well', async () => {
    const unknown = CompressionCodecs[CompressionTypes.Snappy] as () => never;
    CompressionCodecs[CompressionTypes.Snappy] = () => ({
      compress: async ({ buffer }: { buffer: Buffer }) => snappyOf(buffer),
      decompress: async () => unknown(),
    });
    const producer = new Kafka({ ...connection, logLevel: logLevel.NOTHING }).producer();
    const feed = new KafkaCommandFeed(connection);
    const seen: (string | undefined)[] = [];
    const failures: string[] = [];
    const key = `handle:${randomUUID()}`;
    await producer.connect();
    const send = (compression: kafkajs.CompressionTypes): Promise<unknown> =>
      producer.send({ topic: TOPICS.command, compression, messages: [{ key, value: 'a.b.c' }] });
    await send(CompressionTypes.Snappy);
    await send(CompressionTypes.None);
    await feed.subscribe({
      group: `postern-control-commands-${randomUUID()}`,
      from: 'earliest',
      handle: async (command) => void seen.push(command.key),
      onFailure: (error) => failures.push(error.message),
    });
    await until(
      () => failures.length > 0 || seen.filter((one) => one === key).length === 2,
      'both commands',
    );
    await Promise.all([producer.disconnect(), feed.close()]);
    expect(failures).toEqual([]);
  });
});
