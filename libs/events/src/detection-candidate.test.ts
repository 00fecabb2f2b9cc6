import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { decodeCandidate, EVENT_BYTES_MAX, EventUnreadable } from '#events';

const WRITTEN = {
  rule: 'D07',
  entity_type: 'handle',
  entity_id: 'hdl_1',
  subject_id: null,
  resource: 'ledger',
  start_at: '2026-11-20T12:00:00.000000Z',
  end_at: '2026-11-20T12:00:02.500000Z',
  severity: 'high',
  confidence: 'high',
  observed: 2,
  threshold: 2,
  evidence: ['01980000-0000-7000-8000-000000000001'],
};
const record = (value: Buffer | string | null) => ({
  key: 'k',
  value: typeof value === 'string' ? Buffer.from(value) : value,
});
const decode = (written: object) => decodeCandidate(record(JSON.stringify(written)));

describe('a candidate as a stream processor writes it', () => {
  it('is read as it is written', () => {
    expect(decode(WRITTEN)).toEqual(WRITTEN);
  });

  it('may have a time zone, and fields that this version does not know', () => {
    const written = { ...WRITTEN, end_at: '2026-11-20T13:00:02+01:00', more: 'later' };
    expect(decode(written)).toMatchObject({ end_at: '2026-11-20T13:00:02+01:00' });
  });

  it('is none when it was taken back', () => {
    expect(decodeCandidate(record(null))).toBeUndefined();
  });

  it.each<[string, object]>([
    ['no rule', { rule: undefined }],
    ['a rule of another form', { rule: 'D7' }],
    ['an entity that detections do not have', { entity_type: 'issuer' }],
    ['an entity without an id', { entity_id: '' }],
    ['an id that is too long', { entity_id: 'x'.repeat(513) }],
    ['a time that is none', { start_at: 'yesterday' }],
    ['a time without a zone', { end_at: '2026-11-20T12:00:02' }],
    ['a time as a number', { start_at: 1_795_000_000 }],
    ['another severity', { severity: 'fatal' }],
    ['a figure as a text', { observed: '2' }],
    ['a figure below nothing', { observed: -1 }],
    ['evidence that is no id of an event', { evidence: ['hdl_1'] }],
    ['more evidence than a detection names', { evidence: Array(101).fill(WRITTEN.evidence[0]) }],
  ])('is refused with %s, by the name of the field', (_, change) => {
    const [field] = Object.keys(change);
    expect(() => decode({ ...WRITTEN, ...change })).toThrow(EventUnreadable);
    expect(() => decode({ ...WRITTEN, ...change })).toThrow(new RegExp(`^${field}`));
  });

  it('is refused when it is too long, and not before', () => {
    const padded = (length: number): string => {
      const text = JSON.stringify({ ...WRITTEN, more: '' });
      return JSON.stringify({ ...WRITTEN, more: 'x'.repeat(length - text.length) });
    };
    expect(decodeCandidate(record(padded(EVENT_BYTES_MAX)))).toBeDefined();
    expect(() => decodeCandidate(record(padded(EVENT_BYTES_MAX + 1)))).toThrow('bytes');
  });

  it('is read or refused, whatever the bytes', async () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array)),
      fc.json().map((text) => Buffer.from(text)),
      fc
        .dictionary(fc.constantFrom(...Object.keys(WRITTEN)), fc.jsonValue())
        .map((change) => Buffer.from(JSON.stringify({ ...WRITTEN, ...change }))),
    );
    const refusals = new Set<unknown>();
    await fc.assert(
      fc.asyncProperty(bytes, async (value) => {
        const decoding = Promise.resolve().then(() => decodeCandidate(record(value)));
        const refusal = await decoding.then(
          () => undefined,
          (error: unknown) => error,
        );
        refusals.add(refusal instanceof EventUnreadable ? refusal.reason : refusal);
      }),
    );
    const expected = new Set<unknown>([undefined, 'not_json', 'wrong_data']);
    expect([...refusals].filter((refusal) => !expected.has(refusal))).toEqual([]);
  });

  it('is not repeated by what refuses it', () => {
    const refused = (): unknown => decode({ ...WRITTEN, severity: 'canary-77' });
    expect(refused).toThrow(EventUnreadable);
    expect(refused).not.toThrow(/canary-77/);
    const torn = (): unknown => decodeCandidate(record('{"rule": "canary-77'));
    expect(torn).toThrow(/^the value of the record is no JSON$/);
  });
});
