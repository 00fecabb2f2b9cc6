import { SecretMalformed, SecretNotFound } from '#credentials';
import { markIn, versionIn } from './kv-answer.js';

const ref = { mount: 'secret', path: 'legacy/ledger' };
const now = new Date('2026-11-21T12:00:00Z');
const versionAt = (change: object): object => ({
  created_time: '2026-11-21T05:32:37.528136613Z',
  deletion_time: '',
  destroyed: false,
  ...change,
});
const metadata = (change: object, current = 2): object => ({
  data: { current_version: current, versions: { 1: versionAt({}), 2: versionAt(change) } },
});
const written = (data: unknown): object => ({ data: { data, metadata: { version: 3 } } });

describe('what Vault says of the newest version', () => {
  it('is its number and when it was written', () => {
    expect(markIn(metadata({}), ref, now)).toEqual({
      version: 2,
      writing: '2026-11-21T05:32:37.528136613Z',
    });
  });

  it('is that version while its deletion is still ahead', () => {
    const ahead = { deletion_time: '2026-11-21T12:00:00.001Z' };
    expect(markIn(metadata(ahead), ref, now).version).toBe(2);
  });

  it.each([
    ['destroyed', { destroyed: true }],
    ['deleted', { deletion_time: '2026-11-21T11:59:59.123456789Z' }],
    ['deleted at this instant', { deletion_time: '2026-11-21T12:00:00Z' }],
    ['deleted at a time that cannot be read', { deletion_time: 'soon' }],
  ])('is nothing when it is %s', (_what, change) => {
    expect(() => markIn(metadata(change), ref, now)).toThrow(SecretNotFound);
  });

  it('is nothing when only metadata was written, or the version is not listed', () => {
    expect(() => markIn(metadata({}, 0), ref, now)).toThrow(SecretNotFound);
    expect(() => markIn(metadata({}, 3), ref, now)).toThrow(SecretNotFound);
  });

  it.each([[undefined], [{}], ['text'], [{ data: { keys: ['a'] } }], [metadata({}, -1)]])(
    'is refused in another shape: %j',
    (body) => {
      expect(() => markIn(body, ref, now)).toThrow(SecretMalformed);
    },
  );
});

describe('what Vault says of a version', () => {
  it('is its fields', () => {
    const { version, fields } = versionIn(written({ username: 'a', password: '' }), ref);
    expect(version).toBe(3);
    expect([...fields.keys()]).toEqual(['username', 'password']);
  });

  it.each([
    ['a number', { pin: 74125896 }, /"pin" is of type number/],
    ['an object', { pin: { is: 'canary-74125896' } }, /"pin" is of type object/],
    ['a list', { pin: ['canary-74125896'] }, /"pin" is of type object/],
    ['null', { pin: null }, /"pin" is of type null/],
    ['a boolean', { pin: true }, /"pin" is of type boolean/],
  ])('is refused when a field is %s, by the name of the field', (_what, data, message) => {
    expect(() => versionIn(written(data), ref)).toThrow(message);
    expect(() => versionIn(written(data), ref)).not.toThrow(/74125896/);
  });

  it.each([[null], ['canary-74125896'], [['canary-74125896']]])(
    'is refused when it is not made of fields: %j',
    (data) => {
      expect(() => versionIn(written(data), ref)).toThrow(SecretMalformed);
      expect(() => versionIn(written(data), ref)).not.toThrow(/74125896/);
    },
  );

  it('is refused as KV version 1 gives it', () => {
    expect(() => versionIn({ data: { password: 'canary-74125896' } }, ref)).toThrow(/KV version 2/);
  });
});
