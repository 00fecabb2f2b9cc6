import { mkdirSync, mkdtempSync, chmodSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { LegacyProcess } from './legacy-process.js';

const APACHE = '/usr/sbin/apache2';
const MODULES = '/usr/lib/apache2/modules';

export interface ApacheSite {
  /** Besides those that every site needs. */
  readonly modules: readonly string[];
  /** Path below the root, such as `accounts/42`, to content. */
  readonly files: Readonly<Record<string, string>>;
  /** What stands in the configuration, for a folder of its own. */
  readonly configuration: (folder: string) => string;
}

/** A folder for one Apache, which its workers may enter: they run as another account. */
export function apacheFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'postern-test-apache-'));
  chmodSync(folder, 0o755);
  return folder;
}

/** Debian's Apache in the foreground, in one process, with static files in `htdocs` of the folder. */
export function startApache(folder: string, site: ApacheSite): Promise<LegacyProcess> {
  mkdirSync(join(folder, 'htdocs'));
  for (const [path, content] of Object.entries(site.files)) {
    const file = join(folder, 'htdocs', path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
  const modules = ['mpm_event', 'authn_core', 'authz_core', 'authz_user', 'auth_basic'];
  const loads = [...modules, ...site.modules].map(
    (name) => `LoadModule ${name}_module ${MODULES}/mod_${name}.so`,
  );
  const common = `${loads.join('\n')}
ServerName 127.0.0.1
PidFile ${folder}/pid
DefaultRuntimeDir ${folder}
Mutex file:${folder}
ErrorLog ${folder}/error.log
DocumentRoot ${folder}/htdocs
User www-data
Group www-data
`;
  return LegacyProcess.start({
    name: 'Apache',
    folder,
    command: (port) => {
      const file = join(folder, 'httpd.conf');
      writeFileSync(file, `Listen 127.0.0.1:${port}\n${common}${site.configuration(folder)}`);
      return [APACHE, '-X', '-d', folder, '-f', file];
    },
    isReady: (port) =>
      fetch(`http://127.0.0.1:${port}/`).then(
        () => true,
        () => false,
      ),
  });
}
