import { type RecordedEvent } from '#events';
import { aRecordedEvent } from '#testing';
import { EvidenceBatches } from './evidence-batches.js';

const anEvent = (): RecordedEvent =>
  aRecordedEvent('dev.postern.handle.first_used.v1', {
    handle_id: 'hdl_1',
    family_id: 'fam_1',
    resource: 'ledger',
    first_used_at: 1_700_000_000,
  } as never);

describe('evidence that comes in batches', () => {
  let taken: (readonly RecordedEvent[])[];
  let batches: EvidenceBatches;
  let poisonous: RecordedEvent | undefined;
  beforeEach(() => {
    taken = [];
    poisonous = undefined;
    batches = new EvidenceBatches(async (batch) => {
      taken.push(batch);
      if (poisonous !== undefined && batch.includes(poisonous)) throw new Error('cannot be taken');
    });
  });

  it('takes what was announced together at once', async () => {
    const events = [anEvent(), anEvent(), anEvent()];
    batches.ahead(events);
    for (const event of events) await batches.handle(event);
    expect(taken).toEqual([events]);
  });

  it('takes what was not announced by itself', async () => {
    const event = anEvent();
    await batches.handle(event);
    expect(taken).toEqual([[event]]);
  });

  it('takes each by itself when the batch fails, so that only one that cannot be taken does', async () => {
    const events = [anEvent(), anEvent(), anEvent()];
    poisonous = events[1];
    batches.ahead(events);
    await batches.handle(events[0]!);
    await expect(batches.handle(events[1]!)).rejects.toThrow('cannot be taken');
    await batches.handle(events[2]!);
    expect(taken.slice(1)).toEqual(events.map((event) => [event]));
  });

  it('takes one that comes again by itself', async () => {
    const events = [anEvent(), anEvent()];
    batches.ahead(events);
    await batches.handle(events[0]!);
    await batches.handle(events[0]!);
    expect(taken).toEqual([events, [events[0]]]);
  });
});
