import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import {
  type EventType,
  type JsonObject,
  OCSF_VERSION,
  type RecordedEvent,
  toCaep,
  toOcsf,
} from '#events';

/** UPDATE_GOLDEN=1 writes the golden files anew, after a change of a mapping that was meant. */
const update = process.env['UPDATE_GOLDEN'] !== undefined;
const read = (...at: readonly string[]): unknown =>
  JSON.parse(readFileSync(path.resolve(...at), 'utf8'));
const goldenFolder = (name: string): string => path.resolve('test/golden', name);
const events = readdirSync(goldenFolder('events')).map((file): [string, RecordedEvent] => [
  file,
  read('test/golden/events', file) as RecordedEvent,
]);
const eventOf = (file: string): RecordedEvent => events.find(([name]) => name === file)![1];

/** The golden event with other fields in its data; undefined takes a field away. */
const changed = (file: string, data: object): RecordedEvent => {
  const event = eventOf(file);
  return JSON.parse(
    JSON.stringify({ ...event, data: { ...event.data, ...data } }),
  ) as RecordedEvent;
};

/** The same with a field more in each of its objects. */
const planted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(planted);
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).map(([name, inner]) => [name, planted(inner)]);
  return { ...Object.fromEntries(fields), planted: 'hunter2' };
};

describe.each([
  ['ocsf', toOcsf, /^(?:exchange|call|detection)\./],
  ['caep', toCaep, /^(?:handle\.revoked|rotation\.promoted|rotation\.done\.v1\.full)/],
] as const)('the mapping to %s', (name, map, mapped) => {
  const known = events.filter(([file]) => mapped.test(file));

  beforeAll(() => {
    if (!update) return;
    mkdirSync(goldenFolder(name), { recursive: true });
    for (const [file, event] of known) {
      writeFileSync(path.join(goldenFolder(name), file), JSON.stringify(map(event)));
    }
  });

  it('has a golden file for each golden event that it knows, and no other', () => {
    expect(readdirSync(goldenFolder(name)).sort()).toEqual(known.map(([file]) => file).sort());
  });

  it.each(known)('makes of %s what its golden file says', (file, event) => {
    expect(map(event)).toStrictEqual(read('test/golden', name, file));
  });

  it.each(events.filter(([file]) => !mapped.test(file)))('has no word for %s', (_, event) => {
    expect(map(event)).toBeUndefined();
  });

  it('has no word for a type that nobody knows', () => {
    const type = 'dev.postern.call.dreamt.v1' as EventType;
    expect(map({ ...eventOf('call.denied.v1.full.json'), type })).toBeUndefined();
  });

  it.each(known)('copies from %s no field that it does not name', (_, event) => {
    const told = planted(event);
    expect(JSON.stringify(told)).toContain('hunter2');
    expect(map(told as RecordedEvent)).toEqual(map(event));
  });

  it.each(known)('does not change %s', (file, event) => {
    map(event);
    expect(event).toEqual(read('test/golden/events', file));
  });
});

describe('an event in OCSF', () => {
  const validators = new Map(
    ['authentication', 'api_activity', 'detection_finding'].map(
      (name): [number, ValidateFunction] => {
        const schema = read('test/support/ocsf', `${name}.json`) as JsonObject & {
          readonly properties: { readonly class_uid: { readonly const: number } };
        };
        return [schema.properties.class_uid.const, new Ajv2020({ strict: false }).compile(schema)];
      },
    ),
  );
  const problemsOf = (event: JsonObject | undefined): unknown => {
    const validate = validators.get(Number(event?.['class_uid']));
    if (validate === undefined) return 'no such class';
    return validate(event) ? [] : validate.errors;
  };
  const mapped = events.filter(([, event]) => toOcsf(event) !== undefined);

  it.each(mapped)('is valid by the schema of its class: %s', (_, event) => {
    expect(problemsOf(toOcsf(event))).toEqual([]);
  });

  it.each(mapped)('says its version, class and activity in one voice: %s', (_, event) => {
    const ocsf = toOcsf(event) as Record<string, number> & { metadata: JsonObject };
    expect(ocsf.metadata['version']).toBe(OCSF_VERSION);
    expect(ocsf['type_uid']).toBe(ocsf['class_uid']! * 100 + ocsf['activity_id']!);
    expect(Math.floor(ocsf['class_uid']! / 1000)).toBe(ocsf['category_uid']);
  });

  it.each([
    ['a class without its required user', 'exchange.permitted.v1.full.json', { user: undefined }],
    ['a field that OCSF does not know', 'call.denied.v1.full.json', { reason: 'expired' }],
    ['a number that is none of an enumeration', 'call.completed.v1.full.json', { status_id: 7 }],
    ['a finding without an id', 'detection.raised.v1.full.json', { finding_info: {} }],
  ])('is checked by a schema that refuses %s', (_, file, change) => {
    const broken = JSON.parse(
      JSON.stringify({ ...toOcsf(eventOf(file)), ...change }),
    ) as JsonObject;
    expect(problemsOf(broken)).not.toEqual([]);
  });

  it.each([
    ['GET', 2, 'Read'],
    ['DELETE', 4, 'Delete'],
    ['PROPFIND', 99, 'PROPFIND'],
    ['', 99, 'unknown'],
  ])('is an activity by the method of the call: "%s"', (method, id, name) => {
    const ocsf = toOcsf(changed('call.denied.v1.full.json', { method }));
    expect(ocsf).toMatchObject({ activity_id: id, activity_name: name });
    expect(problemsOf(ocsf)).toEqual([]);
  });

  it.each([
    ['10.4.7.21', { ip: '10.4.7.21' }],
    ['2001:db8::1', { ip: '2001:db8::1' }],
    ['::ffff:10.4.7.21', { ip: '::ffff:10.4.7.21' }],
    ['unknown', { name: 'unknown' }],
    ['1.2.3.4, 5.6.7.8', { name: '1.2.3.4, 5.6.7.8' }],
  ])('has an address only where there is one: %s', (ip, endpoint) => {
    const ocsf = toOcsf(changed('call.denied.v1.full.json', { client: { ip } }));
    expect(ocsf?.['src_endpoint']).toEqual(endpoint);
    expect(problemsOf(ocsf)).toEqual([]);
  });

  it('is no alert when its rule only watches, or when the detection is closed', () => {
    const isAlert = (file: string, data: object): unknown =>
      toOcsf(changed(file, data))?.['is_alert'];
    expect(isAlert('detection.raised.v1.full.json', { mode: 'enforce' })).toBe(true);
    expect(isAlert('detection.raised.v1.full.json', { mode: 'monitor' })).toBe(false);
    expect(isAlert('detection.closed.v1.full.json', { mode: 'enforce' })).toBe(false);
  });

  it('fails with the outcome of a call that was forwarded and did not come back whole', () => {
    const cut = changed('call.completed.v1.full.json', { outcome: 'aborted_by_revocation' });
    expect(toOcsf(cut)).toMatchObject({ status_id: 2, status_code: 'aborted_by_revocation' });
  });
});

describe('an event in CAEP', () => {
  const eventsOf = (event: RecordedEvent): JsonObject => toCaep(event)?.['events'] as JsonObject;

  it.each([
    ['admin', 'admin'],
    ['policy', 'policy'],
    ['system', 'system'],
    ['subject', 'user'],
    ['command', 'system'],
  ])('of a handle that was revoked by %s is initiated by %s', (initiator, entity) => {
    const [told] = Object.values(eventsOf(changed('handle.revoked.v1.full.json', { initiator })));
    expect(told).toMatchObject({ initiating_entity: entity });
  });

  it.each([
    ['schedule', 'policy'],
    ['admin', 'admin'],
    ['compromise', 'admin'],
    ['detection', 'policy'],
    ['vault_change', 'system'],
  ])('of a rotation whose trigger is %s is initiated by %s', (trigger, entity) => {
    const [told] = Object.values(eventsOf(changed('rotation.done.v1.full.json', { trigger })));
    expect(told).toMatchObject({ initiating_entity: entity, change_type: 'revoke' });
  });

  it('is none where no version has ended', () => {
    expect(
      toCaep(changed('rotation.done.v1.full.json', { from_version: undefined })),
    ).toBeUndefined();
  });

  it('leaves to its transmitter what is the transmitter\u2019s to say', () => {
    const claims = toCaep(eventOf('handle.revoked.v1.full.json'));
    expect(Object.keys(claims ?? {}).sort()).toEqual(['events', 'iat', 'jti', 'sub_id', 'txn']);
  });
});
