import { type EventJournal, type Evidence, type PosternEvent } from '#events';
import { secondsAfter } from '#kernel';
import { aDenialEvent, HANDLE_ISSUED_AT } from './handle-builders.js';

/** Evidence, and the journal that writes what it finds. */
export interface EvidenceUnderTest {
  readonly evidence: Evidence;
  readonly journal: EventJournal;
  close(): Promise<void>;
}

const caused = (correlationid: string, key: string, second = 0): PosternEvent => ({
  ...aDenialEvent(key),
  correlationid,
  time: secondsAfter(HANDLE_ISSUED_AT, second).toISOString(),
});

/** What every Evidence must do. */
export function evidenceContract(make: () => Promise<EvidenceUnderTest>): void {
  describe('as evidence', () => {
    let under: EvidenceUnderTest;

    beforeEach(async () => {
      under = await make();
    });
    afterEach(() => under.close());

    const found = async (correlationId: string, limit = 10): Promise<string[]> =>
      (await under.evidence.findByCorrelation(correlationId, limit)).map(({ id }) => id);

    it('knows nothing of a correlation id that no event has', async () => {
      await under.journal.append([caused('req_a', 'exc_1')]);
      expect(await found('req_b')).toEqual([]);
      expect(await found('')).toEqual([]);
    });

    it('finds the events of one correlation id, whatever their key, and no others', async () => {
      const [one, two] = [caused('req_a', 'exc_1'), caused('req_a', 'exc_2')];
      await under.journal.append([one, caused('req_b', 'exc_1'), two]);
      expect(await found('req_a')).toEqual([one.id, two.id]);
    });

    it.each(["req_a' or true --", 'REQ_A', 'req_', 'req_a '])(
      'takes a correlation id byte for byte: %j is not req_a',
      async (correlationId) => {
        await under.journal.append([caused('req_a', 'exc_1')]);
        expect(await found(correlationId)).toEqual([]);
      },
    );

    it('gives them whole, each with its place among those of its key', async () => {
      const events = [caused('req_b', 'exc_1'), caused('req_a', 'exc_1')];
      await under.journal.append(events);
      const [only] = await under.evidence.findByCorrelation('req_a', 10);
      expect(only).toMatchObject({ ...events[1], sequence: '2'.padStart(20, '0') });
      expect(only?.recordedtime).toMatch(/^\d{4}-.*Z$/);
    });

    it('orders them by time, and those of one time as they were written', async () => {
      const events = [
        caused('req_a', 'exc_2', 9),
        caused('req_a', 'exc_2', 5),
        caused('req_a', 'exc_1', 5),
        caused('req_a', 'exc_2', 5),
      ];
      for (const event of events) await under.journal.append([event]);
      const order = [1, 2, 3, 0].map((place) => events[place]!.id);
      expect(await found('req_a')).toEqual(order);
    });

    it('gives the earliest when there are more than asked for', async () => {
      const events = [3, 1, 2].map((second) => caused('req_a', 'exc_1', second));
      await under.journal.append(events);
      expect(await found('req_a', 2)).toEqual([events[1]!.id, events[2]!.id]);
    });
  });
}
