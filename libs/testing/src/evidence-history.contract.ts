import { type EvidenceHistory, type EvidenceLog, SEEN_MAX, type Zones } from '#detection';
import { type RecordedEvent } from '#events';
import { randomId, secondsAfter } from '#kernel';
import {
  aDeniedCall,
  aDeniedExchange,
  anActor,
  aPermittedExchange,
  aRevokedHandle,
  DETECTION_AT,
  TEST_CLIENT,
} from './detection-builders.js';
import { evidenceGapsContract } from './evidence-gaps.contract.js';

/** The evidence log, and what it remembers. Both are empty at first. */
export interface EvidenceUnderRules {
  readonly log: EvidenceLog;
  readonly history: EvidenceHistory;
  close(): Promise<void>;
}

/** 10.1.0.0/16 is the office; of others nothing is known. */
export const testZones: Zones = {
  of: (ip) => (ip.startsWith('10.1.') ? 'office' : undefined),
};

const client = { ip: TEST_CLIENT.ip, zone: 'office', agent: 'settler' };
const at = (second: number): { readonly at: Date } => ({ at: secondsAfter(DETECTION_AT, second) });

/** What every EvidenceLog with its EvidenceHistory must do. */
export function evidenceHistoryContract(make: () => Promise<EvidenceUnderRules>): void {
  describe('as the memory of rules', () => {
    let under: EvidenceUnderRules;

    beforeEach(async () => {
      under = await make();
    });
    afterEach(() => under.close());

    const append = (...events: readonly RecordedEvent[]): Promise<void> =>
      under.log.append(events, testZones);

    exchangesContract(() => under.history, append);
    denialsContract(() => under.history, append);
    evidenceGapsContract(() => under.history, append);

    it('knows nothing at first, and of nothing when nothing is asked for', async () => {
      const { history } = under;
      expect(await history.exchangesOf(['fam_1'])).toEqual([]);
      expect(await history.exchanges([])).toEqual([]);
      expect(await history.originsOf([])).toEqual([]);
      expect(await history.revocationsOf(['hdl_1'])).toEqual([]);
      expect(await history.denialsOf(['hdl_1'])).toEqual([]);
      expect(await history.replaysOf([])).toEqual([]);
      expect(await history.newestAt(DETECTION_AT)).toBeUndefined();
      await append();
    });

    it('says when the newest event happened, and takes none from the future for it', async () => {
      await append(aPermittedExchange({}, at(5)), aPermittedExchange({}, at(3)));
      const newest = (second: number): Promise<Date | undefined> =>
        under.history.newestAt(secondsAfter(DETECTION_AT, second));
      expect(await newest(60)).toEqual(at(5).at);
      expect(await newest(5)).toEqual(at(5).at);
      expect(await newest(4)).toEqual(at(3).at);
      expect(await newest(2)).toBeUndefined();
    });

    it('says up to when exchanges, calls and changes of handles are there, whichever comes last', async () => {
      const readUntil = (second: number): Promise<Date | undefined> =>
        under.history.allReadUntil(secondsAfter(DETECTION_AT, second));
      await append(aPermittedExchange({}, at(50)), aDeniedCall({}, at(20)));
      expect(await readUntil(60)).toBeUndefined();
      await append(aRevokedHandle('hdl_1', {}, at(30)), aDeniedCall({}, at(10)));
      expect(await readUntil(60)).toEqual(at(20).at);
      expect(await readUntil(19)).toBeUndefined();
      await append(aDeniedCall({}, at(40)), aRevokedHandle('hdl_2', {}, at(45)));
      expect(await readUntil(60)).toEqual(at(40).at);
    });

    it('names the zone of an address as it was when the event was kept', async () => {
      const event = aPermittedExchange();
      await append(event);
      await under.log.append([event], { of: () => 'renamed' });
      const [seen] = await under.history.exchanges([event.data.exchange_id]);
      expect(seen!.client.zone).toBe('office');
    });

    it('forgets nothing that is an hour old', async () => {
      const exchange = aPermittedExchange();
      await append(exchange);
      await under.log.purge(secondsAfter(DETECTION_AT, 3600));
      expect(await under.history.exchanges([exchange.data.exchange_id])).toHaveLength(1);
    });

    it('forgets what is a year old', async () => {
      const exchange = aPermittedExchange();
      await append(exchange, aRevokedHandle('hdl_1'), aDeniedCall({ handle_id: 'hdl_1' }));
      await under.log.purge(secondsAfter(DETECTION_AT, 365 * 86_400));
      expect(await under.history.exchanges([exchange.data.exchange_id])).toEqual([]);
      expect(await under.history.revocationsOf(['hdl_1'])).toEqual([]);
      expect(await under.history.denialsOf(['hdl_1'])).toEqual([]);
    });
  });
}

type Append = (...events: readonly RecordedEvent[]) => Promise<void>;

function exchangesContract(history: () => EvidenceHistory, append: Append): void {
  it('gives a permitted exchange back as it was seen, by its id, its handle and its family', async () => {
    const event = aPermittedExchange(
      { parent_handle_id: 'hdl_parent' },
      { ...at(7), environment: 'staging', deployment: 'postern-staging' },
    );
    const { data } = event;
    await append(event, aPermittedExchange());
    const seen = [
      {
        eventId: event.id,
        exchangeId: data.exchange_id,
        at: at(7).at,
        environment: 'staging',
        deployment: 'postern-staging',
        subjectId: 'sub_1',
        familyId: data.family_id,
        handleId: data.handle_id,
        parentHandleId: 'hdl_parent',
        grantId: 'settlement-reads-ledger',
        resource: 'ledger',
        tokenFingerprint: data.subject_token_fp,
        tokenIssuedAt: secondsAfter(DETECTION_AT, -60),
        handleExpiresAt: secondsAfter(DETECTION_AT, 307),
        client,
      },
    ];
    expect(await history().exchanges([data.exchange_id, 'exc_other'])).toEqual(seen);
    expect(await history().originsOf([data.handle_id])).toEqual(seen);
    expect(await history().exchangesOf([data.family_id])).toEqual(seen);
  });

  it('has no zone, no agent, no parent and no fingerprint where there is none', async () => {
    const actor = anActor('sub_1', { ip: '203.0.113.9' });
    const { data, ...event } = aPermittedExchange({ actor });
    await append({ ...event, data: { ...data, subject_token_fp: undefined } });
    const [seen] = await history().exchanges([data.exchange_id]);
    expect(seen).toMatchObject({ parentHandleId: undefined, tokenFingerprint: undefined });
    expect(seen!.client).toEqual({ ip: '203.0.113.9', zone: undefined, agent: undefined });
  });

  it('keeps an event once, however often it comes, in one batch and in several', async () => {
    const event = aPermittedExchange();
    await append(event, event);
    await append(aPermittedExchange(), event);
    expect(await history().exchangesOf([event.data.family_id])).toHaveLength(1);
  });

  it('keeps one that comes in two batches at once, once', async () => {
    const event = aPermittedExchange();
    const batches = Array.from({ length: 8 }, () => append(aPermittedExchange(), event));
    await Promise.all(batches);
    expect(await history().exchangesOf([event.data.family_id])).toHaveLength(1);
  });

  it('gives the exchanges of families the oldest first, in whatever order they came', async () => {
    const family_id = randomId('fam');
    const events = [3, 1, 2].map((second) => aPermittedExchange({ family_id }, at(second)));
    await append(...events, aPermittedExchange());
    const ids = (await history().exchangesOf([family_id])).map(({ eventId }) => eventId);
    expect(ids).toEqual([events[1]!.id, events[2]!.id, events[0]!.id]);
  });
}

function denialsContract(history: () => EvidenceHistory, append: Append): void {
  it('gives revocations of handles back', async () => {
    const event = aRevokedHandle('hdl_1', { family_id: 'fam_1', initiator: 'subject' }, at(3));
    await append(event, aRevokedHandle('hdl_2'));
    expect(await history().revocationsOf(['hdl_1'])).toEqual([
      {
        eventId: event.id,
        handleId: 'hdl_1',
        familyId: 'fam_1',
        at: at(3).at,
        recordedAt: at(3).at,
        reason: 'the pod is gone',
        initiator: 'subject',
      },
    ]);
  });

  it('gives calls that were denied as revoked or expired back, and for no other reason', async () => {
    const handle_id = randomId('hdl');
    const place = { ...at(9), environment: 'staging', deployment: 'd2' };
    const expired = aDeniedCall({ handle_id, reason: 'expired', count: 12 }, place);
    const revoked = aDeniedCall({ handle_id }, at(4));
    const others = (['suspended', 'binding_mismatch', 'calls_exhausted'] as const).map((reason) =>
      aDeniedCall({ handle_id, reason }),
    );
    await append(expired, ...others, revoked, aDeniedCall({ handle_id: randomId('hdl') }));
    await append(aDeniedCall());
    const seen = await history().denialsOf([handle_id]);
    expect(seen.map(({ eventId }) => eventId)).toEqual([revoked.id, expired.id]);
    expect(seen[0]).toMatchObject({ reason: 'revoked', count: 1, environment: 'prod' });
    expect(seen[1]).toEqual({
      eventId: expired.id,
      handleId: handle_id,
      reason: 'expired',
      at: at(9).at,
      recordedAt: at(9).at,
      environment: 'staging',
      deployment: 'd2',
      resource: 'ledger',
      count: 12,
      client,
    });
  });

  it('gives the oldest denials of each handle when there are more than rules look at', async () => {
    const many = Array.from({ length: SEEN_MAX + 2 }, (_, n) =>
      aDeniedCall({ handle_id: 'hdl_many' }, at(1000 - n)),
    );
    await append(...many, aDeniedCall({ handle_id: 'hdl_few' }, at(9999)));
    const seen = await history().denialsOf(['hdl_many', 'hdl_few']);
    const ofMany = seen.filter(({ handleId }) => handleId === 'hdl_many');
    expect(ofMany).toHaveLength(SEEN_MAX);
    expect(ofMany[0]!.eventId).toBe(many.at(-1)!.id);
    expect(seen).toHaveLength(SEEN_MAX + 1);
  });

  it('gives replays of a subject token back by the exchange that came first', async () => {
    const prior = randomId('exc');
    const event = aDeniedExchange({ prior_exchange_id: prior }, at(8));
    await append(
      event,
      aDeniedExchange(),
      aDeniedExchange({ reason: 'expired', prior_exchange_id: prior }),
    );
    const other = { reason: 'cross_env_replay', prior_exchange_id: prior } as const;
    await append(aDeniedExchange(other, { ...at(3), environment: 'staging' }));
    const [first, ...replays] = await history().replaysOf([prior]);
    expect(first).toMatchObject({ reason: 'cross_env_replay', environment: 'staging' });
    expect(replays).toEqual([
      {
        eventId: event.id,
        reason: 'replayed',
        exchangeId: event.data.exchange_id,
        priorExchangeId: prior,
        at: at(8).at,
        environment: 'prod',
        deployment: 'postern-prod',
        subjectId: 'sub_1',
        client,
      },
    ]);
  });
}
