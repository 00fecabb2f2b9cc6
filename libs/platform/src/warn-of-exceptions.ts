import { type AppContext } from './app-context.js';

/** What a resource does without should be seen by those who read the log of its calls, not only by who wrote it down. */
export function warnOfExceptions({
  name,
  config,
  log,
}: Pick<AppContext, 'name' | 'config' | 'log'>): void {
  if (name !== 'proxy' && name !== 'standalone') return;
  for (const { id, justified } of config.resources) {
    for (const { setting, because } of justified) {
      log.warn({ resource: id, setting, because }, 'a resource makes an exception');
    }
  }
}
