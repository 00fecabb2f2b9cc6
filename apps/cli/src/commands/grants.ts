import { type Command } from 'commander';
import { grantContext, readGrantFolder } from '#adapters/files';
import { SystemClock } from '#kernel';
import { loadConfig, loadSettings } from '#platform';
import {
  compileGrantSet,
  type GrantContext,
  type GrantFileText,
  lintGrantSet,
  problemLine,
  testGrants,
} from '#policy';
import { UsageError } from '../usage-error.js';

/** `postern grants check|test`: grants are code; this is their compiler and their test runner. */
export function addGrants(program: Command): void {
  const grants = program.command('grants').description('check and test grant files');
  grants
    .command('check')
    .description('schema, references, approvals, overlaps and review dates of the grants folder')
    .action(check);
  grants
    .command('test')
    .description("run the grants' own tests, and mutants of each grant that must all be denied")
    .action(test);
}

async function opened(): Promise<{ files: readonly GrantFileText[]; context: GrantContext }> {
  const config = loadConfig(loadSettings(process.env).configFile);
  const { files } = await readGrantFolder(config.grantsFolder);
  return { files, context: grantContext(config, new SystemClock().now()) };
}

async function check(): Promise<void> {
  const { files, context } = await opened();
  const set = compileGrantSet(files, context);
  const findings = lintGrantSet(set, context.now);
  for (const finding of findings) console.log(`${finding.file}: ${finding.kind}: ${finding.what}`);
  console.log(
    `${set.grants.length} grants in order, ${findings.length} findings, set ${set.digest}`,
  );
  if (findings.some(({ kind }) => kind === 'overdue')) process.exitCode = 1;
}

async function test(): Promise<void> {
  const { files, context } = await opened();
  const { grants, mutants, survivors } = testGrants(files, context);
  for (const survivor of survivors)
    console.error(`permitted, and must not be: ${problemLine(survivor)}`);
  console.log(`${grants} grants, ${mutants} mutants, ${survivors.length} of them permitted`);
  if (survivors.length > 0) throw new UsageError('a mutant was permitted: the grant is too wide');
}
