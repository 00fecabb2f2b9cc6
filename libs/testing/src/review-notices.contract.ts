import { EVENT_BYTES_MAX, EventTooLarge, type PosternEvent } from '#events';
import { secondsAfter } from '#kernel';
import { type ReviewNotice, type ReviewNotices } from '#oauth';
import { aDenialEvent, HANDLE_ISSUED_AT } from './handle-builders.js';

/** Notices, with the way round them that the contract needs. */
export interface ReviewNoticesUnderTest {
  readonly notices: ReviewNotices;
  /** The same notices as another process has them. */
  readonly twin: ReviewNotices;
  /** The durable events of one partition key, in their order. */
  recorded(partitionKey: string): Promise<readonly { readonly id: string }[]>;
  close(): Promise<void>;
}

const KEY = 'review/grant/settlement-reads-ledger';
const notice = (overrides: Partial<ReviewNotice> = {}): ReviewNotice => ({
  kind: 'grant',
  id: 'settlement-reads-ledger',
  reviewBy: HANDLE_ISSUED_AT,
  daysLeft: 30,
  ...overrides,
});

/** What every ReviewNotices must do. */
export function reviewNoticesContract(make: () => Promise<ReviewNoticesUnderTest>): void {
  describe('as the memory of review notices', () => {
    let under: ReviewNoticesUnderTest;

    beforeEach(async () => {
      under = await make();
    });
    afterEach(() => under.close());

    const told = async (): Promise<string[]> => (await under.recorded(KEY)).map(({ id }) => id);

    it('has recorded the event of a notice when it says that it was told', async () => {
      const event = aDenialEvent(KEY);
      expect(await under.notices.tell(notice(), event)).toBe('told');
      expect(await told()).toEqual([event.id]);
    });

    it('knows the notice the second time, in every process, and writes no event', async () => {
      const event = aDenialEvent(KEY);
      await under.notices.tell(notice(), event);
      expect(await under.notices.tell(notice(), aDenialEvent(KEY))).toBe('known');
      expect(await under.twin.tell(notice(), aDenialEvent(KEY))).toBe('known');
      expect(await told()).toEqual([event.id]);
    });

    it.each<[string, Partial<ReviewNotice>]>([
      ['a later notice of the same review', { daysLeft: 7 }],
      ['the notice of a review that was moved', { reviewBy: secondsAfter(HANDLE_ISSUED_AT, 1) }],
      ['the notice of another grant', { id: 'settlement-reads-ledge' }],
      ['the notice of an issuer with the same id', { kind: 'issuer' }],
    ])('tells %s', async (_, other) => {
      await under.notices.tell(notice(), aDenialEvent(KEY));
      expect(await under.notices.tell(notice(other), aDenialEvent(KEY))).toBe('told');
      expect(await told()).toHaveLength(2);
    });

    it('lets exactly one of many at once tell a notice', async () => {
      const outcomes = await Promise.all(
        Array.from({ length: 20 }, (_, n) =>
          (n % 2 === 0 ? under.notices : under.twin).tell(notice(), aDenialEvent(KEY)),
        ),
      );
      expect(outcomes.filter((outcome) => outcome === 'told')).toHaveLength(1);
      expect(await told()).toHaveLength(1);
    });

    it('records nothing when the event cannot be written, so that the notice can be told later', async () => {
      const tooLarge: PosternEvent = { ...aDenialEvent(KEY), subject: 'x'.repeat(EVENT_BYTES_MAX) };
      await expect(under.notices.tell(notice(), tooLarge)).rejects.toThrow(EventTooLarge);
      expect(await under.twin.tell(notice(), aDenialEvent(KEY))).toBe('told');
      expect(await told()).toHaveLength(1);
    });
  });
}
