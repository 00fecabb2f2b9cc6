import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parse, stringify } from 'yaml';
import { grantContext } from '#adapters/files';
import { loadConfig } from '#platform';
import { compileGrantSet, type GrantFileText, testGrants } from '#policy';
import { TEST_NOW } from '#testing';

/** Each block of YAML of docs/grants.md, under the name in its first line. */
const blocks: readonly GrantFileText[] = [
  ...readFileSync(resolve('docs/grants.md'), 'utf8').matchAll(
    /```yaml\n(?:# (?<file>\S+)\n)?(?<text>[^]*?)```/g,
  ),
].map(({ groups }) => ({ file: groups?.['file'] ?? '', text: groups?.['text'] ?? '' }));
const files = blocks.filter(({ file }) => file.startsWith('grants/'));

/** The least configuration, with what the page puts into postern.yaml. */
function contextOfPage() {
  const golden = readFileSync(resolve('test/golden/config/postern.yaml'), 'utf8');
  const [shown] = blocks.filter(({ file }) => file === 'postern.yaml');
  const folder = mkdtempSync(join(tmpdir(), 'postern-grants-page-'));
  const file = join(folder, 'postern.yaml');
  try {
    const merged = { ...(parse(golden) as object), ...(parse(shown?.text ?? '') as object) };
    writeFileSync(file, stringify(merged));
    return grantContext(loadConfig(file), TEST_NOW);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('the grants of docs/grants.md', () => {
  const context = contextOfPage();

  it('are all of its blocks of YAML but the configuration', () => {
    expect(blocks.map(({ file }) => file)).toEqual([
      'postern.yaml',
      ...files.map(({ file }) => file),
    ]);
  });

  it('are of all patterns, and make one set', () => {
    const { grants } = compileGrantSet(files, context);
    expect(grants.map(({ pattern, maxChainDepth }) => [pattern, maxChainDepth])).toEqual(
      expect.arrayContaining([
        ['federation', 0],
        ['downscoping', 0],
        ['downscoping', 1],
        ['delegation', 0],
      ]),
    );
    expect(grants.map(({ id }) => `grants/${id}.yaml`).toSorted()).toEqual(
      files.map(({ file }) => file).toSorted(),
    );
  });

  it.each(files.map((file) => [file.file, file] as const))(
    'permit what they say and none of its mutants: %s',
    (_name, file) => {
      const { mutants, survivors } = testGrants([file], context);
      expect(mutants).toBeGreaterThan(30);
      expect(survivors).toEqual([]);
    },
  );
});
