import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { readlink } from 'node:fs/promises';

/**
 * What a process of this machine holds, as Linux tells it in /proc. Memory is the resident set, in bytes: what the
 * process really occupies, with the buffers outside of the JavaScript heap that bodies are in.
 */
export class ProcessResources {
  readonly #folder: string;

  constructor(pid: number) {
    this.#folder = `/proc/${pid}`;
  }

  get residentBytes(): number {
    return this.#status('VmRSS');
  }

  /** The most since `forgetPeak`, kept by the kernel: nothing between two looks is missed. */
  get peakBytes(): number {
    return this.#status('VmHWM');
  }

  forgetPeak(): void {
    writeFileSync(`${this.#folder}/clear_refs`, '5');
  }

  /** Files, sockets, pipes: all that is open. */
  get descriptors(): number {
    return readdirSync(`${this.#folder}/fd`).length;
  }

  /** Its TCP connections with one of these ports at either end. */
  async connectionsOf(ports: readonly number[]): Promise<number> {
    const inodes = new Set(await this.#openSockets());
    const wanted = new Set(ports.map((port) => port.toString(16).toUpperCase().padStart(4, '0')));
    return readFileSync(`${this.#folder}/net/tcp`, 'latin1')
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter(([, local = '', remote = '', state, , , , , , inode]) => {
        const isOfPort = [local, remote].some((end) => wanted.has(end.split(':')[1] ?? ''));
        return isOfPort && state !== LISTENING && inodes.has(inode);
      }).length;
  }

  /** A descriptor that is closed while this looks has no link any more. */
  #openSockets(): Promise<(string | undefined)[]> {
    const links = readdirSync(`${this.#folder}/fd`).map((fd) =>
      readlink(`${this.#folder}/fd/${fd}`).catch(() => ''),
    );
    return Promise.all(links.map(async (link) => SOCKET.exec(await link)?.[1]));
  }

  #status(field: 'VmRSS' | 'VmHWM'): number {
    const text = readFileSync(`${this.#folder}/status`, 'latin1');
    return Number(new RegExp(`^${field}:\\s+([0-9]+) kB$`, 'm').exec(text)?.[1]) * 1024;
  }
}

const LISTENING = '0A';
const SOCKET = /^socket:\[(?<inode>[0-9]+)\]$/;
