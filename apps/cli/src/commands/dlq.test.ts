import { TOPICS } from '#events';
import { type ShelvedLetter } from '../dead-letter-shelf.js';
import { describeLetter } from './dlq.js';

const letter: ShelvedLetter = {
  id: '3:17',
  place: { topic: TOPICS.canary, partition: 4, offset: '2211' },
  record: { key: 'shard-4', value: null },
  writtenAt: '2026-11-21T10:00:00.000Z',
  errorClass: 'event-unreadable/not_json',
  attempts: 0,
  firstFailedAt: '2026-11-21T10:00:01.000Z',
  diedAt: '2026-11-21T10:00:02.000Z',
};

describe('postern dlq list', () => {
  it('says of each letter where it lies, when it died, where it came from and why', () => {
    expect(describeLetter(letter)).toBe(
      '3:17 2026-11-21T10:00:02.000Z postern.canary.v1/4/2211 event-unreadable/not_json attempts=0 key=shard-4',
    );
  });

  it('prints nothing that would steer the terminal of who looks', () => {
    const hostile = { ...letter, record: { key: Buffer.from('a\u001b[2Jb'), value: null } };
    expect(describeLetter(hostile)).toContain('key=a\\u001b[2Jb');
  });
});
