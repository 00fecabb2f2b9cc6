import { connect, createServer, type Server, type Socket } from 'node:net';
import { type AddressInfo } from 'node:net';

const LOOPBACK = '127.0.0.1';

/**
 * A TCP proxy before a server on loopback that can stall: from then on it accepts connections and takes what is sent, and
 * nothing comes back, as of a server whose threads hang. It ends no connection by itself, neither then nor later.
 */
export class StallingProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #stalled = false;
  #targetPort = 0;

  private constructor() {
    this.#server = createServer((client) => this.#accept(client));
  }

  static async start(): Promise<StallingProxy> {
    const proxy = new StallingProxy();
    await new Promise<void>((resolve) => proxy.#server.listen(0, LOOPBACK, () => resolve()));
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  leadTo(port: number): void {
    this.#targetPort = port;
  }

  stall(): void {
    this.#stalled = true;
  }

  /**
   * Serves what comes from now on. Connections that were open while it stalled stay silent for ever (`silent`), as when
   * a firewall forgot them, or are cut, as when the server was started again.
   */
  goOn(stalledConnections: 'silent' | 'cut'): void {
    this.#stalled = false;
    if (stalledConnections === 'silent') return;
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(client: Socket): void {
    const target = this.#kept(connect(this.#targetPort, LOOPBACK));
    let silent = this.#stalled;
    this.#kept(client);
    client.on('data', (bytes) => {
      silent ||= this.#stalled;
      if (!silent) target.write(bytes);
    });
    target.on('data', (bytes) => {
      silent ||= this.#stalled;
      if (!silent) client.write(bytes);
    });
    client.once('close', () => target.destroy());
    target.once('close', () => {
      if (!silent) client.destroy();
    });
  }

  #kept(socket: Socket): Socket {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    return socket.on('error', () => socket.destroy());
  }
}
