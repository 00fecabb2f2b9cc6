import { EVENT_BYTES_MAX, type EventJournal, EventTooLarge, type PosternEvent } from '#events';
import { aDenialEvent } from './handle-builders.js';

/** A journal, with the way round it that the contract needs. */
export interface EventJournalUnderTest {
  readonly journal: EventJournal;
  /** The durable events of one partition key, in their order. */
  recorded(partitionKey: string): Promise<readonly { readonly id: string }[]>;
  close(): Promise<void>;
}

const idsOf = (events: readonly { readonly id: string }[]): string[] => events.map(({ id }) => id);

/** What every EventJournal must do. */
export function eventJournalContract(make: () => Promise<EventJournalUnderTest>): void {
  describe('as an event journal', () => {
    let under: EventJournalUnderTest;

    beforeEach(async () => {
      under = await make();
    });
    afterEach(() => under.close());

    it('has recorded the events, in their order, when it answers', async () => {
      const events = [aDenialEvent('exc_1'), aDenialEvent('exc_2'), aDenialEvent('exc_1')];
      await under.journal.append(events);
      expect(idsOf(await under.recorded('exc_1'))).toEqual([events[0]!.id, events[2]!.id]);
      expect(idsOf(await under.recorded('exc_2'))).toEqual([events[1]!.id]);
    });

    it('takes an empty list', async () => {
      await under.journal.append([]);
      expect(await under.recorded('exc_1')).toEqual([]);
    });

    it('records none of the events when one of them is too large', async () => {
      const tooLarge: PosternEvent = {
        ...aDenialEvent('exc_1'),
        subject: 'x'.repeat(EVENT_BYTES_MAX),
      };
      const append = under.journal.append([aDenialEvent('exc_1'), tooLarge]);
      await expect(append).rejects.toThrow(EventTooLarge);
      expect(await under.recorded('exc_1')).toEqual([]);
    });

    it('records what many append at once, each once', async () => {
      const events = Array.from({ length: 50 }, () => aDenialEvent('exc_1'));
      await Promise.all(events.map((event) => under.journal.append([event])));
      expect(idsOf(await under.recorded('exc_1')).sort()).toEqual(idsOf(events).sort());
    });

    it('records what others append at the time of one that is too large', async () => {
      const tooLarge = { ...aDenialEvent('exc_1'), subject: 'x'.repeat(EVENT_BYTES_MAX) };
      const good = aDenialEvent('exc_1');
      const refused = expect(under.journal.append([tooLarge])).rejects.toThrow(EventTooLarge);
      await Promise.all([refused, under.journal.append([good])]);
      expect(idsOf(await under.recorded('exc_1'))).toEqual([good.id]);
    });
  });
}
