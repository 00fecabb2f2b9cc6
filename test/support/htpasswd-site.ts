import { createHash } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { apacheFolder, startApache } from './apache-process.js';
import { basicAccount } from './basic-front.js';
import { type LegacyAccount, type LegacyProcess } from './legacy-process.js';

export interface HtpasswdSiteOptions {
  /** May set the password of every account. */
  readonly admin: LegacyAccount;
  readonly accounts: readonly LegacyAccount[];
  /** Path below the root to content; behind the login. */
  readonly files: Readonly<Record<string, string>>;
}

/** What the admin tool takes, as a form or as JSON. */
interface ChangeFields {
  /** The administrator names the account; without it one's own. */
  readonly username?: string;
  /** One's own password needs it; the administrator does not. */
  readonly old?: string;
  readonly new?: string;
}

/**
 * Debian's Apache with Basic authentication by an htpasswd file, and beside it the legacy administration tool that rewrites
 * that file as a whole, behind the same login: `POST /password` with `old` and `new`, as the account itself, or with
 * `username` and `new`, as the administrator. 204: changed; 403: `old` is not the password, or the account is another's;
 * 404: no such account; 422: a password that it does not take. `/entries` takes every method, with 204.
 */
export class HtpasswdSite {
  readonly #passwords: Map<string, string>;
  readonly #tool: Server;
  #process: LegacyProcess | undefined;

  private constructor(
    private readonly options: HtpasswdSiteOptions,
    private readonly folder: string,
  ) {
    const { admin, accounts } = options;
    this.#passwords = new Map(
      [admin, ...accounts].map(({ username, password }) => [username, password]),
    );
    this.#tool = createServer((request, response) => {
      void this.#change(request).then((status) => response.writeHead(status).end());
    });
  }

  static async start(options: HtpasswdSiteOptions): Promise<HtpasswdSite> {
    const folder = apacheFolder();
    const site = new HtpasswdSite(options, folder);
    site.#write();
    await new Promise<void>((resolve) => site.#tool.listen(0, '127.0.0.1', resolve));
    const tool = `http://127.0.0.1:${(site.#tool.address() as AddressInfo).port}/`;
    site.#process = await startApache(folder, {
      modules: ['authn_file', 'proxy', 'proxy_http', 'alias'],
      files: options.files,
      configuration: () => `
LogFormat "%u %r %>s %{Content-Type}i" change
CustomLog ${folder}/access.log change
<Location />
  AuthType Basic
  AuthName ledger
  AuthUserFile ${folder}/htpasswd
  Require valid-user
  Redirect 204 /entries
</Location>
ProxyPass /password ${tool}
`,
    });
    return site;
  }

  get origin(): string {
    return `http://127.0.0.1:${this.#process?.port ?? 0}`;
  }

  /** Everything that it writes for people to read. */
  get logs(): string {
    return ['access.log', 'error.log']
      .map((name) => readFileSync(join(this.folder, name), 'utf8'))
      .join('');
  }

  /** As the administrator at the machine itself; makes the account if there is none. */
  setPassword({ username, password }: LegacyAccount): void {
    this.#passwords.set(username, password);
    this.#write();
  }

  async canLogIn({ username, password }: LegacyAccount): Promise<boolean> {
    const pair = Buffer.from(`${username}:${password}`).toString('base64');
    const answer = await fetch(`${this.origin}/`, { headers: { authorization: `Basic ${pair}` } });
    await answer.arrayBuffer();
    return answer.status !== 401;
  }

  async stop(): Promise<void> {
    this.#tool.closeAllConnections();
    await new Promise((resolve) => this.#tool.close(resolve));
    await this.#process?.stop();
  }

  async #change(request: IncomingMessage): Promise<number> {
    const caller = basicAccount(request.headers.authorization);
    const fields = parsed(request.headers['content-type'], await text(request));
    if (caller === undefined || request.method !== 'POST') return 405;
    const { username = caller.username, old, new: password = '' } = fields;
    const isAdmin = caller.username === this.options.admin.username;
    const known = this.#passwords.get(username);
    if (!isAdmin && (username !== caller.username || old !== known)) return 403;
    if (known === undefined) return 404;
    if (password === '') return 422;
    this.setPassword({ username, password });
    return 204;
  }

  /** Apache reads it anew for each request: it is always there, and always whole. */
  #write(): void {
    const lines = [...this.#passwords].map(
      ([username, password]) =>
        `${username}:{SHA}${createHash('sha1').update(password).digest('base64')}\n`,
    );
    const file = join(this.folder, 'htpasswd');
    writeFileSync(`${file}.new`, lines.join(''));
    renameSync(`${file}.new`, file);
  }
}

function parsed(type: string | undefined, body: string): ChangeFields {
  return type === 'application/json'
    ? (JSON.parse(body) as ChangeFields)
    : Object.fromEntries(new URLSearchParams(body));
}
