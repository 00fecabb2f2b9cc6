import { apacheFolder, startApache } from './apache-process.js';
import { type LegacyProcess } from './legacy-process.js';
import { LDAP_SERVICES, type Slapd } from './slapd.js';

/**
 * Debian's Apache that takes Basic credentials and binds with them at a directory (mod_authnz_ldap), anew for each request:
 * it caches nothing. A directory that is not reached is a 500. `/entries` takes every method, with 204.
 */
export class ApacheLdap {
  private constructor(
    readonly origin: string,
    private readonly process: LegacyProcess,
  ) {}

  static async start(
    directory: Slapd,
    files: Readonly<Record<string, string>>,
  ): Promise<ApacheLdap> {
    const running = await startApache(apacheFolder(), {
      modules: ['ldap', 'authnz_ldap', 'alias'],
      files,
      configuration: (folder) => `
LDAPCacheEntries 0
LDAPOpCacheEntries 0
LDAPCacheTTL 0
LDAPOpCacheTTL 0
LDAPConnectionPoolTTL 0
LDAPConnectionTimeout 3
LDAPTimeout 3
<Directory ${folder}/htdocs>
  AuthType Basic
  AuthName directory
  AuthBasicProvider ldap
  AuthLDAPURL "${directory.url}/${LDAP_SERVICES}?uid"
  Require valid-user
  Redirect 204 /entries
</Directory>
`,
    });
    return new ApacheLdap(`http://127.0.0.1:${running.port}`, running);
  }

  stop(): Promise<void> {
    return this.process.stop();
  }
}
