import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';

/** A legacy backend that wants Basic, counts what it saw, and hands the credential back when asked for `debug`. */
export class EchoingLedger {
  /** Authorization headers of all requests. */
  readonly seen: string[] = [];

  private constructor(
    readonly origin: string,
    private readonly server: Server,
  ) {}

  static async start(username: string, password: string): Promise<EchoingLedger> {
    const expected = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
    const server = createServer((request, response) => {
      const authorization = request.headers.authorization ?? '';
      ledger.seen.push(authorization);
      if (authorization !== expected) {
        response.writeHead(401).end();
      } else if (request.url?.endsWith('/debug') === true) {
        response.end(JSON.stringify({ headers: request.headers, username, password }));
      } else {
        response.end(
          JSON.stringify({ account: request.url?.split('/').at(-1), balance: '1024.00' }),
        );
      }
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const ledger = new EchoingLedger(`http://127.0.0.1:${port}`, server);
    return ledger;
  }

  stop(): void {
    this.server.close();
    this.server.closeAllConnections();
  }
}
