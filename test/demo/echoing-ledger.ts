import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/**
 * A legacy backend that wants Basic, counts what it saw, and hands the credential back when asked for `debug`. It has one
 * password at a time: `POST /password` changes it, and the old one is not taken from then on; unless its administrator
 * lets two be.
 */
export class EchoingLedger {
  /** Authorization headers of all requests. */
  readonly seen: string[] = [];
  /** Requests that were refused for want of the password of that moment. */
  refused = 0;
  readonly #passwords: string[];
  /** Taken beside the newest. */
  #also: string | undefined;

  private constructor(
    readonly origin: string,
    private readonly server: Server,
    private readonly account: { readonly username: string; readonly password: string },
  ) {
    this.#passwords = [account.password];
  }

  static async start(username: string, password: string): Promise<EchoingLedger> {
    const server = createServer((request, response) => {
      void ledger.#answer(request, response);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const ledger = new EchoingLedger(`http://127.0.0.1:${port}`, server, { username, password });
    return ledger;
  }

  /** All that it ever had, the newest last. */
  get passwords(): readonly string[] {
    return this.#passwords;
  }

  /** What its administrator does: from now on this is the password, and the one before is taken as well. */
  addPassword(password: string): void {
    this.#also = this.#passwords.at(-1);
    this.#passwords.push(password);
  }

  /** From now on only the newest is taken. */
  endOldPassword(): void {
    this.#also = undefined;
  }

  stop(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { url = '/', method, headers } = request;
    this.seen.push(headers.authorization ?? '');
    if (!this.#takes(headers.authorization)) {
      this.refused += 1;
      response.writeHead(401).end();
    } else if (method === 'POST' && url.endsWith('/password')) {
      await this.#change(request, response);
    } else if (url.endsWith('/debug')) {
      const { username } = this.account;
      response.end(JSON.stringify({ headers, username, password: this.#password }));
    } else {
      response.end(JSON.stringify({ account: url.split('/').at(-1), balance: '1024.00' }));
    }
  }

  #takes(authorization: string | undefined): boolean {
    const taken = [this.#password, this.#also].filter((one) => one !== undefined);
    return taken.some((one) => authorization === basic(this.account.username, one));
  }

  async #change(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { old, next } = JSON.parse(await text(request)) as Record<'old' | 'next', string>;
    const isKnown = old === this.#password;
    if (isKnown) this.#passwords.push(next);
    response.writeHead(isKnown ? 204 : 403).end();
  }

  get #password(): string {
    return this.#passwords.at(-1) ?? '';
  }
}

const basic = (username: string, password: string): string =>
  `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
