import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileGrantSource } from '#adapters/files';
import { checkKeyFiles, IssuerKeySource, KeyFileUnusable } from '#adapters/issuers';
import { IssuerRegistry } from '#identity';
import { Introspection } from '#oauth';
import { compileGrantSet, type GrantFileText, posternResource, ResourceSet } from '#policy';
import {
  aGrantContext,
  aGrantFile,
  ExchangeUnderTest,
  FixedClock,
  InMemoryHandleRecords,
  ownTests,
  resourceUnderTest,
} from '#testing';
import { until } from '../support/until.js';

const DAY_SECONDS = 86_400;
const NOT_GRANTED = { code: 'invalid_target', reason: 'not_allowed' };

let folder: string;
let sts: ExchangeUnderTest;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'postern-allow-list-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/**
 * octo-sts: where the file that lists who may do what was not found, everybody might. Here no list is an empty list: the
 * start is refused, or nothing is permitted; and a list that goes away while Postern runs gives nobody more.
 */
describe('the folder of grants', () => {
  const clock = new FixedClock();
  let grants: FileGrantSource | undefined;
  let problems: string[];

  const context = aGrantContext({
    environment: 'test',
    issuers: new Map([
      ['example', { issuer: 'https://idp.test' }],
      ['other', { issuer: 'https://other.test' }],
    ]),
    resources: ResourceSet.of([
      posternResource('test', 'https://postern.test'),
      resourceUnderTest('ledger'),
    ]),
    now: clock.now(),
  });
  const grant = aGrantFile({
    subject: { issuer: 'example', id: 'workload-1' },
    tests: ownTests('workload-1'),
  }).text;

  const open = async (path = folder): Promise<FileGrantSource> => {
    problems = [];
    grants = await FileGrantSource.open({
      folder: path,
      compile: (files: readonly GrantFileText[]) => compileGrantSet(files, context),
      onProblem: (message) => problems.push(message),
      settleMs: 10,
      pollMs: 20,
    });
    return grants;
  };
  const start = async (records = new InMemoryHandleRecords()): Promise<void> => {
    sts = await ExchangeUnderTest.create({ records, ports: { grants: await open() } });
  };
  const put = (name: string, content: string): void => writeFileSync(join(folder, name), content);
  const putBelow = (): void => {
    mkdirSync(join(folder, 'team'));
    put('team/a.yaml', grant);
  };
  const of = async (sub: string): Promise<unknown> =>
    sts.exchange({ subject_token: await sts.mint({ sub }) });
  const isStale = (): boolean => grants?.state().kind === 'stale';

  afterEach(async () => {
    await grants?.close();
    grants = undefined;
  });

  it.each([
    ['does not exist', () => join(folder, 'nowhere')],
    ['is not named', () => ''],
    ['is a file', () => (put('file', grant), join(folder, 'file'))],
    [
      'holds a link that leads nowhere',
      () => (symlinkSync('/nowhere', join(folder, 'b.yaml')), folder),
    ],
    ['holds a folder in the place of a file', () => (mkdirSync(join(folder, 'b.yaml')), folder)],
    ['holds an empty file', () => (put('b.yaml', ''), folder)],
    ['holds a file that is cut short', () => (put('b.yaml', grant.slice(0, 40)), folder)],
    ['holds a list of nothing', () => (put('b.yaml', '[]'), folder)],
  ])('refuses the start when it %s, also beside a good file', async (_, path) => {
    put('a.yaml', grant);
    await expect(open(path())).rejects.toThrow();
    expect(grants).toBeUndefined();
  });

  it.each([
    ['is empty', () => undefined],
    ['holds hidden files', () => put('.a.yaml', grant)],
    ['holds files of other names', () => put('a.yaml.bak', grant)],
    ['holds folders of grants', putBelow],
  ])('permits nothing when it %s', async (_, fill) => {
    fill();
    await start();
    await expect(of('workload-1')).rejects.toMatchObject(NOT_GRANTED);
    await expect(of('operator')).rejects.toMatchObject(NOT_GRANTED);
    expect(sts.records.handles.size).toBe(0);
  });

  it('is what permits: with its file in it the same request is good', async () => {
    put('a.yaml', grant);
    await start();
    expect(await of('workload-1')).toMatchObject({ scopes: ['ledger.read'] });
    await expect(of('workload-2')).rejects.toMatchObject(NOT_GRANTED);
  });

  it('gives nobody more when it vanishes, and says that it did', async () => {
    put('a.yaml', grant);
    await start();
    rmSync(folder, { recursive: true });
    await until('the folder is missed', isStale);
    expect(problems.join()).toContain('ENOENT');
    expect(grants?.trouble()).toContain('last good set');
    await expect(of('workload-2')).rejects.toMatchObject(NOT_GRANTED);
    await expect(of('operator')).rejects.toMatchObject(NOT_GRANTED);
    await expect(sts.exchange({ scope: 'ledger.post' })).rejects.toMatchObject({
      code: 'invalid_scope',
    });
    await expect(sts.exchange({ audience: 'archive' })).rejects.toMatchObject({
      code: 'invalid_target',
    });
  });

  it('ends what it gave at the review date, vanished or not', async () => {
    put('a.yaml', grant);
    await start();
    rmSync(folder, { recursive: true });
    await until('the folder is missed', isStale);
    sts.clock.set(new Date('2027-01-30T23:59:00Z'));
    expect(await of('workload-1')).toMatchObject({ scopes: ['ledger.read'] });
    sts.clock.advance(DAY_SECONDS);
    await expect(of('workload-1')).rejects.toMatchObject({ reason: 'grant_overdue' });
  });

  it('permits nothing once it is back and empty: the last good set is no memory for ever', async () => {
    put('a.yaml', grant);
    await start();
    renameSync(folder, `${folder}-gone`);
    await until('the folder is missed', isStale);
    mkdirSync(folder);
    await until('the folder is back', () => grants?.state().kind === 'current');
    await expect(of('workload-1')).rejects.toMatchObject(NOT_GRANTED);
    rmSync(`${folder}-gone`, { recursive: true });
  });

  it('permits nothing from the moment at which its last file is gone, and ends what it gave', async () => {
    put('a.yaml', grant);
    await start();
    const { handle } = await sts.exchange();
    rmSync(join(folder, 'a.yaml'));
    await until('the grant is gone', () => grants?.current().grants.length === 0);
    await expect(of('workload-1')).rejects.toMatchObject(NOT_GRANTED);
    const introspection = new Introspection({ ...sts.parts, grants: grants! });
    expect(await introspection.introspect(handle)).toEqual({ active: false });
  });

  it.each([
    ['is emptied', ''],
    ['is cut short', grant.slice(0, 60)],
    ['becomes a list', '[]'],
    ['becomes no YAML', '{{{'],
  ])('gives nobody more when a file %s', async (_, content) => {
    put('a.yaml', grant);
    await start();
    put('a.yaml', content);
    await until('the file is refused', isStale);
    await expect(of('workload-2')).rejects.toMatchObject(NOT_GRANTED);
    await expect(sts.exchange({ scope: 'ledger.post' })).rejects.toMatchObject({
      code: 'invalid_scope',
    });
    expect(readdirSync(folder)).toEqual(['a.yaml']);
  });
});

describe('the keys of an issuer', () => {
  let path: string;

  const start = async (keys?: unknown): Promise<void> => {
    path = join(folder, 'jwks.json');
    const clock = new FixedClock();
    sts = await ExchangeUnderTest.create({
      issuer: { keys: { kind: 'file', path } },
      ports: { keys: new IssuerKeySource({ clock }) },
    });
    sts.clock.set(clock.now());
    advance = (seconds) => {
      sts.clock.advance(seconds);
      clock.advance(seconds);
    };
    if (keys !== undefined) writeFileSync(path, JSON.stringify(keys));
  };
  let advance: (seconds: number) => void;
  const refusesStart = (): Promise<void> =>
    expect(checkKeyFiles(sts.issuers.all())).rejects.toThrow(KeyFileUnusable);

  it('refuse the start and permit nothing when their file is missing', async () => {
    await start();
    await refusesStart();
    await expect(sts.exchange()).rejects.toMatchObject({ code: 'temporarily_unavailable' });
    expect(sts.records.handles.size).toBe(0);
  });

  it.each([
    ['is an empty set', { keys: [] }],
    ['is no set', {}],
    ['is a list', []],
    ['is null', null],
    ['holds only keys that may not sign', { keys: [{ kty: 'oct', k: 'AAAA', kid: 'a' }] }],
  ])('refuse the start and permit nothing when their file %s', async (_, keys) => {
    await start(keys);
    await refusesStart();
    await expect(sts.exchange()).rejects.toThrow();
    expect(sts.records.handles.size).toBe(0);
  });

  it('permit nothing when a folder stands in the place of their file', async () => {
    await start();
    mkdirSync(path);
    await refusesStart();
    await expect(sts.exchange()).rejects.toMatchObject({ code: 'temporarily_unavailable' });
  });

  it('are good in their file, for an hour after it vanished, and then no more', async () => {
    await start();
    writeFileSync(path, JSON.stringify(sts.issuer.jwks()));
    await checkKeyFiles(sts.issuers.all());
    await sts.exchange();
    rmSync(path);
    advance(3_590);
    await sts.exchange();
    advance(20);
    await expect(sts.exchange()).rejects.toMatchObject({ code: 'temporarily_unavailable' });
    expect(sts.records.handles.size).toBe(2);
  });

  it('are no longer good a second after they were taken out of their file', async () => {
    await start();
    writeFileSync(path, JSON.stringify(sts.issuer.jwks()));
    await sts.exchange();
    writeFileSync(path, '{"keys":[]}');
    advance(2);
    await expect(sts.exchange()).rejects.toMatchObject({ code: 'invalid_request' });
    expect(sts.records.handles.size).toBe(1);
  });
});

describe('a list that is empty', () => {
  it('of issuers trusts nobody, and asks nobody for keys', async () => {
    sts = await ExchangeUnderTest.create({ ports: { issuers: IssuerRegistry.of([]) } });
    await expect(sts.exchange()).rejects.toMatchObject({
      code: 'invalid_request',
      reason: 'issuer_untrusted',
    });
    expect(sts.keys.questions).toBe(0);
  });

  it('of resources permits none, named or not', async () => {
    sts = await ExchangeUnderTest.create({ ports: { resources: ResourceSet.of([]) } });
    for (const audience of ['ledger', 'postern', undefined]) {
      await expect(sts.exchange({ audience })).rejects.toMatchObject({ code: 'invalid_target' });
    }
  });

  it('of grants ends every handle that was given before', async () => {
    sts = await ExchangeUnderTest.create();
    const { handle } = await sts.exchange();
    const emptied = sts.twin({ grants: [], records: sts.records });
    expect(await new Introspection(emptied.parts).introspect(handle)).toEqual({ active: false });
  });
});
