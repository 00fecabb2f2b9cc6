import { type Command } from 'commander';
import { grantContext, readGrantFolder } from '#adapters/files';
import { SystemClock } from '#kernel';
import { loadConfig, loadSettings } from '#platform/start';
import {
  compileGrantSet,
  diffGrantSets,
  type GrantContext,
  type GrantFileText,
  lintGrantSet,
  problemLine,
  testGrants,
} from '#policy';
import { shown } from '../shown.js';
import { UsageError } from '../usage-error.js';
import { addExplain } from './explain.js';

/** `postern grants check|test|diff|explain`: grants are code; this is their compiler, their test runner, and who tells why. */
export function addGrants(program: Command): void {
  const grants = program
    .command('grants')
    .description('check, test and compare grant files, explain decisions');
  grants
    .command('check')
    .description(
      'schema, references, approvals, overlaps and review dates of the grants folder, and scopes that reach the credential',
    )
    .action(check);
  grants
    .command('test')
    .description("run the grants' own tests, and mutants of each grant that must all be denied")
    .action(test);
  grants
    .command('diff')
    .description(
      'what becomes permitted, and what no longer is, from one folder of grants to another',
    )
    .argument('<before>', 'folder of the grants as they were')
    .argument('<after>', 'folder of the grants as they will be')
    .option('--exit-code', 'end with 1 when anything becomes permitted')
    .action(diff);
  addExplain(grants);
}

/** Grants come from whoever asks for them: a reviewer must see what is in them, and nothing else. */
const print = (line: string): void => console.log(shown(line));

async function opened(): Promise<{ files: readonly GrantFileText[]; context: GrantContext }> {
  const config = loadConfig(loadSettings(process.env).configFile);
  const { files } = await readGrantFolder(config.grantsFolder);
  return { files, context: grantContext(config, new SystemClock().now()) };
}

async function check(): Promise<void> {
  const { files, context } = await opened();
  const set = compileGrantSet(files, context);
  const findings = lintGrantSet(set, context);
  for (const finding of findings) print(`${finding.file}: ${finding.kind}: ${finding.what}`);
  console.log(
    `${set.grants.length} grants in order, ${findings.length} findings, set ${set.digest}`,
  );
  if (findings.some(({ kind }) => kind === 'overdue')) process.exitCode = 1;
}

async function test(): Promise<void> {
  const { files, context } = await opened();
  const { grants, mutants, survivors } = testGrants(files, context);
  for (const survivor of survivors)
    console.error(shown(`permitted, and must not be: ${problemLine(survivor)}`));
  console.log(`${grants} grants, ${mutants} mutants, ${survivors.length} of them permitted`);
  if (survivors.length > 0) throw new UsageError('a mutant was permitted: the grant is too wide');
}

const SIGN = { more: '+', less: '-', other: '~' } as const;

/** Both folders are judged by the postern.yaml of today: what is not registered in it cannot be compared. */
async function diff(
  before: string,
  after: string,
  { exitCode = false }: { readonly exitCode?: boolean },
): Promise<void> {
  const context = grantContext(
    loadConfig(loadSettings(process.env).configFile),
    new SystemClock().now(),
  );
  const [old, now] = await Promise.all(
    [before, after].map(async (folder) =>
      compileGrantSet((await readGrantFolder(folder)).files, context),
    ),
  );
  if (old === undefined || now === undefined) return;
  const differences = diffGrantSets(old, now);
  for (const { effect, grantId, what } of differences) {
    print(`${SIGN[effect]} ${what} [grant ${grantId}]`);
  }
  const more = differences.filter(({ effect }) => effect === 'more').length;
  console.log(`${differences.length} differences, ${more} of them permit more`);
  if (exitCode && more > 0) process.exitCode = 1;
}
