import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

const REQUIREMENTS = 'docs/conformance/requirements.yaml';
const PAGE = 'docs/conformance.md';

const requirement = (id: string, more = ''): string =>
  `    - id: ${id}\n      requirement: in -> out\n      reference: RFC 6749\n${more}`;
const section = (...requirements: string[]): string =>
  `- section: One\n  requirements:\n${requirements.join('')}`;

/** Where a whole checkout would be: one requirement, and one test that carries its id. */
let root: string;

const put = (file: string, content: string): void => {
  mkdirSync(dirname(join(root, file)), { recursive: true });
  writeFileSync(join(root, file), content);
};
const page = (): string => readFileSync(join(root, PAGE), 'utf8');

interface Run {
  readonly resultsFile?: string;
  readonly serversRequired?: boolean;
}
let judge: (root: string, run?: Run) => { page: string; problems: string[] };

const check = (run?: Run): string[] => judge(root, run).problems;
const write = (run?: Run): void => put(PAGE, judge(root, run).page);

beforeAll(async () => {
  const file = pathToFileURL(join(process.cwd(), 'tools/conformance/judge.mjs')).href;
  ({ judge } = (await import(file)) as { judge: typeof judge });
});

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'postern-conformance-'));
  for (const folder of ['apps', 'test']) mkdirSync(join(root, folder));
  put(REQUIREMENTS, section(requirement('X-01')));
  put('libs/a.test.ts', `it('X-01: does it', () => {});`);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

describe('the conformance check', () => {
  beforeEach(() => write());

  it('is content with a requirement that has a test, and a page that says so', () => {
    expect(check()).toEqual([]);
    expect(page()).toContain(
      '| X-01 | in -> out | RFC 6749 | [libs/a.test.ts](../libs/a.test.ts) (1) |',
    );
    expect(page()).toContain('**1 requirements: 1 covered, 0 not applicable, 0 later, 0 open.**');
  });

  it('reports a requirement that has neither a test nor a reason', () => {
    put(REQUIREMENTS, section(requirement('X-01'), requirement('X-02')));
    write();
    expect(check()).toEqual(['X-02 has no test, and no reason why not: in -> out']);
  });

  it.each(['notApplicable', 'later'])('takes a reason (%s) for a test', (kind) => {
    const reason = `      ${kind}: because it is so\n`;
    put(REQUIREMENTS, section(requirement('X-01', reason), requirement('X-02', reason)));
    write();
    expect(check()).toEqual([]);
    expect(page()).toContain('because it is so');
  });

  it('reports a test that carries an id that does not exist, and where it stands', () => {
    put('apps/b.test.ts', `\nit('Z-99: does it', () => {});`);
    expect(check()).toEqual([`apps/b.test.ts:2 carries Z-99, which ${REQUIREMENTS} does not have`]);
  });

  it('reports a page that is not what the tests say, and one that is missing', () => {
    const stale = [`${PAGE} is out of date: run node tools/conformance.mjs --write`];
    put('libs/b.test.ts', `it('X-01: does more', () => {});`);
    expect(check()).toEqual(stale);
    write();
    expect(check()).toEqual([]);
    put(PAGE, page().replace('in -> out', 'in -> nothing'));
    expect(check()).toEqual(stale);
    rmSync(join(root, PAGE));
    expect(check()).toEqual(stale);
  });

  it.each([
    ['an id that stands there twice', section(requirement('X-01'), requirement('X-01')), 'twice'],
    [
      'two reasons at once',
      section(requirement('X-01', '      later: a\n      notApplicable: b\n')),
      'not both',
    ],
    ['an empty reason', section(requirement('X-01', `      later: ''\n`)), 'Too small'],
    ['a member that is unknown', section(requirement('X-01', '      skip: a\n')), 'skip'],
    ['what is no id', section(requirement('X-1')), 'Invalid string'],
  ])('refuses requirements with %s', (_, requirements, message) => {
    put(REQUIREMENTS, requirements);
    expect(check).toThrow(message);
  });
});

describe('a test carries the ids', () => {
  /** How many tests of this source carry each id. */
  const counted = (source: string): Record<string, number> => {
    rmSync(join(root, 'libs/a.test.ts'));
    const ids = ['X-01', 'X-02', 'X-03', 'X-04'];
    put(REQUIREMENTS, section(...ids.map((id) => requirement(id))));
    put('libs/one.contract.ts', source);
    write();
    const rows = ids.map((id) => [
      id,
      new RegExp(`^\\| ${id} .*\\((\\d+)\\) \\|`, 'm').exec(page()),
    ]);
    return Object.fromEntries(
      rows.filter(([, found]) => found !== null).map(([id, found]) => [id, Number(found![1])]),
    ) as Record<string, number>;
  };

  it.each<[string, string, Record<string, number>]>([
    ['of a list', `it('X-01, X-03: a', f);`, { 'X-01': 1, 'X-03': 1 }],
    ['of a range', `test('X-02 to X-04: a', f);`, { 'X-02': 1, 'X-03': 1, 'X-04': 1 }],
    ['of a template', 'it(`${a} X-02 ${b}`, f);', { 'X-02': 1 }],
    [
      'of the groups around it',
      `describe('X-01', () => { describe('b', () => { it('X-02', f); it('c', f); }); });`,
      { 'X-01': 2, 'X-02': 1 },
    ],
    [
      'of a group with a server',
      `describeWithServer('X-01', 'kafka', () => { it('c', f); });`,
      { 'X-01': 1 },
    ],
    ['of its row', `it.each([['X-01 a', 1], ['X-01 b', 2], ['c', 3]])('is %s', f);`, { 'X-01': 2 }],
    [
      'of its row in a named table',
      `const t = [{ n: 'X-02 a' }, { n: 'X-03 a' }] as const; it.each(t)('$n', f);`,
      { 'X-02': 1, 'X-03': 1 },
    ],
    [
      'of a table over entries',
      `const t = { 'X-02 a': 1, b: 2 }; it.each(Object.entries(t))('X-01 %s', f);`,
      { 'X-01': 2, 'X-02': 1 },
    ],
    [
      'of the row of a group',
      `describe.each(['X-01', 'X-02'])('%s', () => { it('X-03', f); });`,
      { 'X-01': 1, 'X-02': 1, 'X-03': 2 },
    ],
    [
      'of a loop',
      `for (const n of ['X-01', 'X-02']) it(\`\${n}: a\`, f);`,
      { 'X-01': 1, 'X-02': 1 },
    ],
  ])('%s', (_, source, expected) => {
    expect(counted(source)).toEqual(expected);
  });

  it.each([
    [
      'a test that is skipped',
      `it.skip('X-01: a', f); describe.skip('X-01', () => { it('X-02', f); });`,
    ],
    ['a test that is still to be written', `it.todo('X-01: a');`],
    ['a comment', `// it('X-01: a', f);`],
    ['a text inside of a test', `it('a', () => { check('X-01: b'); });`],
    ['a row that the name does not show', `it.each([['X-01 a']])('b', f);`],
    ['a row that only mentions it', `it.each([['see X-01']])('%s', f);`],
  ])('and not those of %s', (_, source) => {
    expect(counted(source)).toEqual({});
  });
});

describe('with the results of a run', () => {
  const results = (file: string, fullName: string, status: string): string => {
    const suite = { name: file, assertionResults: [{ fullName, status }] };
    put('results.json', JSON.stringify({ testResults: [suite] }));
    return join(root, 'results.json');
  };

  beforeEach(() => write());

  it('is content when the test passed, and the page may say so', () => {
    const passed = results('libs/a.test.ts', 'X-01: does it', 'passed');
    expect(check({ resultsFile: passed })).toEqual([]);
    write({ resultsFile: passed });
    expect(page()).toContain('| passed |');
    expect(check()).toEqual([]);
  });

  it('reports a test that failed, and a page cannot hide it', () => {
    const failed = results('libs/a.test.ts', 'X-01: does it', 'failed');
    expect(check({ resultsFile: failed })).toContain(
      'X-01: failed in libs/a.test.ts: X-01: does it',
    );
    write({ resultsFile: failed });
    expect(page()).toContain('| failed |');
    expect(check()).toHaveLength(1);
  });

  it.each([
    ['its file', 'libs/b.test.ts', 'one X-01: does it'],
    ['the test', 'libs/a.test.ts', 'one X-02: does it'],
  ])('reports that %s did not run', (_, file, fullName) => {
    const resultsFile = results(file, fullName, 'passed');
    expect(check({ resultsFile })).toEqual(['X-01: its tests in libs/a.test.ts did not run']);
  });

  it('finds a contract in the files that call it', () => {
    rmSync(join(root, 'libs/a.test.ts'));
    put('libs/a.contract.ts', `it('X-01: does it', () => {});`);
    write();
    const resultsFile = results('test/b.test.ts', 'b X-01: does it', 'passed');
    expect(check({ resultsFile })).toEqual([]);
  });

  it('takes a test that was skipped for want of a server, unless every server is required', () => {
    const skipped = results('libs/a.test.ts', 'X-01: does it', 'pending');
    expect(check({ resultsFile: skipped })).toEqual([]);
    expect(check({ resultsFile: skipped, serversRequired: true })).toEqual([
      'X-01: skipped in libs/a.test.ts: X-01: does it',
    ]);
  });
});

it('is a command that writes the page, and fails with what it finds', async () => {
  const tool = (...flags: string[]) =>
    run(process.execPath, ['tools/conformance.mjs', '--root', root, ...flags]);
  await expect(tool('--check')).rejects.toMatchObject({
    code: 1,
    stderr: `${PAGE} is out of date: run node tools/conformance.mjs --write\n`,
  });
  await tool('--write');
  expect(await tool('--check')).toMatchObject({ stderr: '' });
  await expect(tool()).rejects.toMatchObject({ code: 1 });
});
