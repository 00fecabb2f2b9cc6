import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** Stands between processes and a server, and can keep all that either says to the other: nobody is told, nothing is lost. */
export class StallingForwarder {
  readonly #sockets = new Set<Socket>();
  #stalled = false;

  private constructor(
    private readonly server: Server,
    private readonly target: URL,
  ) {}

  /** In front of the server that the URL names. */
  static async start(url: string): Promise<StallingForwarder> {
    const server = createServer();
    const forwarder = new StallingForwarder(server, new URL(url));
    server.on('connection', (socket) => forwarder.#join(socket));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return forwarder;
  }

  /** The same URL, through here. */
  through(url: string): string {
    const here = new URL(url);
    here.host = `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
    return here.href;
  }

  /** From now on connections are accepted, and nothing comes of them. */
  stall(): void {
    this.#stalled = true;
    for (const socket of this.#sockets) socket.pause();
  }

  goOn(): void {
    this.#stalled = false;
    for (const socket of this.#sockets) socket.resume();
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  #join(near: Socket): void {
    const far = connect({ host: this.target.hostname, port: Number(this.target.port) });
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(one);
      one.setNoDelay(true).on('data', (bytes: Buffer) => other.write(bytes));
      one
        .on('error', () => undefined)
        .on('close', () => {
          this.#sockets.delete(one);
          other.destroy();
        });
      if (this.#stalled) one.pause();
    }
  }
}
