import { isIP, connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { type ISocketFactory } from 'kafkajs';

const KEEP_ALIVE_DELAY_MS = 60_000;
const FAREWELL_MAX_MS = 2_000;

/**
 * The connections of one client, so that they can be given up. kafkajs keeps one whose requests time out, and waits on
 * one that the broker throttles for as long as it was told: neither ends by itself.
 */
export class KafkaSockets {
  readonly #open = new Set<Socket>();

  /** As kafkajs makes them itself. */
  readonly factory: ISocketFactory = ({ host, port, ssl, onConnect }) => {
    const servername = isIP(host) === 0 ? { servername: host } : {};
    const socket = (ssl as object | undefined)
      ? connectTls({ host, port, ...servername, ...ssl }, onConnect)
      : connect({ host, port }, onConnect);
    this.#open.add(socket);
    socket.once('close', () => this.#open.delete(socket));
    return socket.setKeepAlive(true, KEEP_ALIVE_DELAY_MS);
  };

  /**
   * Resolves when `disconnect` has ended, in order or by force: kafkajs waits for the answers to what it has asked, and
   * once it disconnects it no longer counts how long that takes.
   */
  async end(disconnect: Promise<unknown>, withinMs = FAREWELL_MAX_MS): Promise<void> {
    const orderly = new AbortController();
    const deadline = pause(withinMs, undefined, { signal: orderly.signal }).then(
      () => this.giveUp(),
      () => undefined,
    );
    await Promise.race([disconnect.catch(() => undefined), deadline]);
    orderly.abort();
  }

  /** Whatever waits on them fails now. */
  giveUp(): void {
    for (const socket of this.#open) socket.destroy(new Error('the connection was given up'));
  }
}
