import { type Command } from 'commander';
import { compileResources, compileTrust } from '#adapters/files';
import { checkKeyFiles } from '#adapters/issuers';
import { loadConfig, loadSettings } from '#platform/start';
import { shown } from '../shown.js';

/** `postern config check`: everything that a start would check without a server. */
export function addConfig(program: Command): void {
  program
    .command('config')
    .description('look at postern.yaml')
    .command('check')
    .description('check POSTERN_CONFIG and the environment as a start would')
    .action(check);
}

async function check(): Promise<void> {
  const settings = loadSettings(process.env);
  const config = loadConfig(settings.configFile);
  await checkKeyFiles(compileTrust(config).registrations);
  compileResources(config);
  console.log(
    `${config.file}: in order (environment ${config.environment}, ` +
      `${config.issuers.length} issuers, ${config.resources.length} resources)`,
  );
  for (const { id, justified } of config.resources) {
    for (const { setting, because } of justified) {
      console.log(shown(`resource ${id} makes an exception: ${setting}, because: ${because}`));
    }
  }
}
