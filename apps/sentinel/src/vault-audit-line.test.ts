import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { type AuditVerdict, judgeAuditLine, type VaultAuditTerms } from './vault-audit-line.js';

/** What OpenBao 2.7.2 wrote while an administrator with a root token and eve worked with `secret/ledger`. */
const LINES = readFileSync('test/support/openbao/audit-2.7.2.jsonl', 'utf8').trim().split('\n');
const EVE = '7b8f8fb3-244a-807c-c5b0-7884a85eeb00';

const terms = (more: Partial<VaultAuditTerms> = {}): VaultAuditTerms => ({
  resources: new Map([['secret/data/ledger', ['ledger']]]),
  allowed: new Set(['0f0f0f0f-0000-1111-2222-333333333333']),
  namespace: '',
  ...more,
});

interface Line {
  type: string;
  time: string;
  error?: string;
  auth?: { entity_id?: string } | null;
  request: {
    id: string;
    operation: string;
    path: string;
    namespace?: { id: string; path?: string };
  };
  response?: { data?: object; wrap_info?: object } | null;
}

const READ = LINES.find((text) =>
  /"type":"response".*"operation":"read".*"data":\{"data"/.test(text),
)!;
const kindOf = (text: string | undefined, more: Partial<VaultAuditTerms> = {}) =>
  judgeAuditLine(text, terms(more)).kind;
/** The line of eve's first read, with something else. */
const changed = (change: (line: Line) => void): string => {
  const line = JSON.parse(READ) as Line;
  change(line);
  return JSON.stringify(line);
};
const accessesIn = (verdict: AuditVerdict) => (verdict.kind === 'past' ? verdict.accesses : []);

describe("a line of OpenBao's audit log", () => {
  it('tells each read and write of the managed secret that gave or took a value, and nothing else', () => {
    const seen = LINES.flatMap((text) => accessesIn(judgeAuditLine(text, terms())));
    const of = (operation: string, entityId: string | undefined) =>
      seen.filter((one) => one.operation === operation && one.entityId === entityId).length;
    // By eve: as it is, by version, with a doubled slash and an encoded letter in the path, wrapped.
    expect(of('read', EVE)).toBe(5);
    // She changed it twice; the one with the root token wrote the first version, and read the last.
    expect([of('write', EVE), of('write', undefined), of('read', undefined)]).toEqual([2, 1, 1]);
    expect(seen).toHaveLength(9);
    expect(new Set(seen.map(({ requestId }) => requestId)).size).toBe(9);
  });

  it('is left out when it is of the request, of metadata, a list, refused, or of what is not there', () => {
    const rest = LINES.filter((text) => kindOf(text) === 'other');
    const paths = rest.map((text) => (JSON.parse(text) as Line).request.path);
    expect(paths).toEqual(
      expect.arrayContaining([
        ...['secret/metadata/ledger', 'secret/metadata/', 'secret/data/missing'],
        ...['secret/subkeys/ledger', 'secret/data/ledger/', 'secret/data/ledger'],
      ]),
    );
    expect(LINES.filter((text) => kindOf(text) === 'unreadable')).toEqual([]);
  });

  it('keeps whose, which and when, and no value nor what stands for one', () => {
    const accesses = LINES.flatMap((text) => accessesIn(judgeAuditLine(text, terms())));
    expect(accesses[1]).toEqual({
      requestId: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
      ...{ at: new Date('2026-11-22T04:05:48.631Z'), operation: 'read', resource: 'ledger' },
      ...{ path: 'secret/data/ledger', entityId: EVE },
    });
    expect(JSON.stringify(accesses)).not.toMatch(/hmac|hunter|username|eve/);
  });

  it('is allowed for an entity on the list, and for nobody by the name alone', () => {
    expect(kindOf(READ, { allowed: new Set([EVE]) })).toBe('allowed');
    expect(kindOf(READ, { allowed: new Set(['userpass-eve', 'eve', '']) })).toBe('past');
    const nobody = changed((line) => (line.auth = { entity_id: '' }));
    expect(kindOf(nobody, { allowed: new Set(['']) })).toBe('past');
    expect(kindOf(changed((line) => (line.auth = null)))).toBe('past');
  });

  it('is of one namespace', () => {
    const elsewhere = changed((line) => (line.request.namespace = { id: 'x1', path: 'team/a/' }));
    expect(kindOf(elsewhere)).toBe('other');
    expect(kindOf(elsewhere, { namespace: 'team/a' })).toBe('past');
    expect(kindOf(READ, { namespace: 'team/a' })).toBe('other');
  });

  it('counts for each resource that the secret is of', () => {
    const resources = new Map([['secret/data/ledger', ['ledger', 'archive']]]);
    const accesses = accessesIn(judgeAuditLine(READ, terms({ resources })));
    expect(accesses.map(({ resource }) => resource)).toEqual(['ledger', 'archive']);
  });

  it.each<[string, (line: Line) => void, string]>([
    ['an error', (line) => (line.error = 'permission denied'), 'other'],
    ['an empty error', (line) => (line.error = ''), 'past'],
    ['a deletion', (line) => (line.request.operation = 'delete'), 'other'],
    ['an answer without a value', (line) => (line.response = { data: {} }), 'other'],
    ['no answer', (line) => (line.response = null), 'other'],
    ['a wrapped answer', (line) => (line.response = { wrap_info: {} }), 'past'],
    ['no time', (line) => (line.time = 'today'), 'unreadable'],
    ['no id', (line) => (line.request.id = 'first'), 'unreadable'],
    ['another path', (line) => (line.request.path = 'secret/data/ledger2'), 'other'],
  ])('with %s is what it is', (_, change, kind) => {
    expect(kindOf(changed(change))).toBe(kind);
  });

  it.each([
    'secret/data//ledger',
    'secret/data/ledger/',
    '/secret/data/./ledger',
    'secret//data/x/../ledger',
    `secret/data/${'./'.repeat(5_000)}ledger`,
  ])('is of the secret that is kept there, written as %.40s', (path) => {
    const seen = accessesIn(
      judgeAuditLine(
        changed((line) => (line.request.path = path)),
        terms(),
      ),
    );
    expect(seen).toMatchObject([{ resource: 'ledger', path: 'secret/data/ledger' }]);
  });

  it.each(['secret/data', 'secret/data/ledger/x', 'secret/data/Ledger', 'data/ledger', '..', ''])(
    'is not of the secret by another path: %s',
    (path) => {
      expect(kindOf(changed((line) => (line.request.path = path)))).toBe('other');
    },
  );

  it.each([
    '0000-01-01T00:00:00Z',
    '0001-01-01T00:00:00+14:00',
    '1969-12-31T23:59:59Z',
    '9999-12-31T23:59:59Z',
    '9999-12-31T23:59:59-14:00',
  ])('of a time that no audit device has cannot be read: %s', (time) => {
    expect(kindOf(changed((line) => (line.time = time)))).toBe('unreadable');
  });

  it.each(['1970-01-01T00:00:00Z', '9998-12-31T23:59:59.999999999Z'])(
    'of a time that is wrong is looked at all the same: %s',
    (time) => {
      expect(kindOf(changed((line) => (line.time = time)))).toBe('past');
    },
  );

  it.each([
    ['nothing', undefined],
    ['no JSON', '{"type":'],
    ['what a shipper put around it', JSON.stringify({ message: READ })],
    ['a list', '[]'],
    ['null', 'null'],
  ])('that is %s cannot be read', (_, text) => {
    expect(kindOf(text)).toBe('unreadable');
  });

  it('is judged whatever it is', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        const text = JSON.stringify(value) as string | undefined;
        expect(['other', 'unreadable']).toContain(kindOf(text));
      }),
      { numRuns: process.env['POSTERN_TEST_VOLUME'] === 'long' ? 10_000 : 300 },
    );
  });
});
