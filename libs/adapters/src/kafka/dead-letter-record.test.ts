import { type Topic, TOPICS } from '#events';
import { TEST_NOW } from '#testing';
import { buriedRecord, letterOf } from './dead-letter-record.js';

const buriedFrom = (topic: Topic): ReturnType<typeof letterOf> => {
  const at = TEST_NOW.toISOString();
  const letter = {
    group: 'siem',
    place: { topic, partition: 1, offset: '7' },
    record: { key: Buffer.from('k'), value: Buffer.from('v') },
    writtenAt: at,
    error: new Error('a bug'),
    attempts: 5,
    firstFailedAt: at,
  };
  const { headers } = buriedRecord(letter, 'postern.dlq.siem.v1');
  return letterOf({ ...letter.record, headers: headers }, at);
};

describe('a dead letter', () => {
  it.each([TOPICS.exchange, TOPICS.call, TOPICS.canary])('may come from %s', (topic) => {
    expect(buriedFrom(topic)?.place).toEqual({ topic, partition: 1, offset: '7' });
  });

  // Who may write to a group's dead letters would have an administrator publish what only the relay or a signer may.
  it.each([TOPICS.revocationState, TOPICS.credentialState, TOPICS.command])(
    'is none, and is not published again, when it says that it comes from %s',
    (topic) => {
      expect(buriedFrom(topic)).toBeUndefined();
    },
  );
});
