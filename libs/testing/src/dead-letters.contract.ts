import { Buffer } from 'node:buffer';
import {
  type BuriedLetter,
  type DeadLetter,
  type DeadLetters,
  EventUnreadable,
  TOPICS,
} from '#events';
import { DependencyUnavailable } from '#kernel';

export interface DeadLettersUnderTest {
  readonly letters: DeadLetters;
  readonly group: string;
  /** As an operator finds them. */
  find(): Promise<readonly BuriedLetter[]>;
  /** The same, with nobody there to write to. */
  unreachable(): Promise<DeadLetters>;
  close(): Promise<void>;
}

const BYTES = Buffer.from([0, 255, 254, 128, 10, 0]);
const NAME = 'x-error-class';

/** What every DeadLetters keeps; see the port. */
export function deadLettersContract(make: () => Promise<DeadLettersUnderTest>): void {
  let under: DeadLettersUnderTest;
  let offset = 0;
  const aLetter = (change: Partial<DeadLetter> = {}): DeadLetter => {
    offset += 1;
    return {
      group: under.group,
      place: { topic: TOPICS.canary, partition: 3, offset: String(offset) },
      record: { key: Buffer.from('shard-3'), value: BYTES, headers: { ce_id: Buffer.from('1') } },
      writtenAt: '2026-11-21T10:00:00.123Z',
      error: new TypeError('quotes canary-secret-1'),
      attempts: 5,
      firstFailedAt: '2026-11-21T10:00:01.000Z',
      ...change,
    };
  };
  const found = async ({ place }: DeadLetter): Promise<BuriedLetter[]> =>
    (await under.find()).filter((letter) => letter.place.offset === place.offset);

  beforeAll(async () => {
    under = await make();
  }, 60_000);
  afterAll(() => under.close(), 30_000);

  describe('dead letters', () => {
    it('keep key, value and headers to the byte, with where the record lay and why it is here', async () => {
      const letter = aLetter();
      await under.letters.add(letter);
      const [buried] = await found(letter);
      expect(buried).toMatchObject({
        place: letter.place,
        writtenAt: letter.writtenAt,
        errorClass: 'TypeError',
        attempts: 5,
        firstFailedAt: letter.firstFailedAt,
      });
      expect(buried?.record.key?.toString()).toBe('shard-3');
      expect(buried?.record.value?.equals(BYTES)).toBe(true);
      expect(buried?.record.headers?.['ce_id']?.toString()).toBe('1');
      expect(new Date(buried!.diedAt).toISOString()).toBe(buried!.diedAt);
    });

    it('keep a record without key, value and headers', async () => {
      const letter = aLetter({ record: { key: null, value: null } });
      await under.letters.add(letter);
      const [buried] = await found(letter);
      expect(buried?.record).toMatchObject({ key: null, value: null });
      expect(Object.keys(buried?.record.headers ?? {})).toEqual([]);
    });

    it('name the reason of an unreadable record, and repeat no error text', async () => {
      const unreadable = aLetter({ error: new EventUnreadable('not_json', 'no'), attempts: 0 });
      const quoting = aLetter();
      await under.letters.add(unreadable);
      await under.letters.add(quoting);
      expect((await found(unreadable))[0]?.errorClass).toBe('event-unreadable/not_json');
      expect(JSON.stringify(await found(quoting))).not.toContain('canary-secret-1');
    });

    it('take the same place again', async () => {
      const letter = aLetter();
      await under.letters.add(letter);
      await under.letters.add({ ...letter, attempts: 9 });
      const buried = await found(letter);
      expect(buried.at(-1)?.attempts).toBe(9);
    });

    it('believe no header of a record that says why it is here', async () => {
      const letter = aLetter({ record: { key: 'k', value: BYTES, headers: { [NAME]: 'Forged' } } });
      await under.letters.add(letter);
      expect((await found(letter))[0]?.errorClass).toBe('TypeError');
    });

    it('say that they cannot be written', async () => {
      const away = await under.unreachable();
      await expect(away.add(aLetter())).rejects.toBeInstanceOf(DependencyUnavailable);
    }, 30_000);
  });
}
