import { type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { ConfigError } from './config-error.js';
import { type ListenAddress } from './postern-config.js';

const ADVICE: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is in use by another process: stop it, or set another port under listen',
  EADDRNOTAVAIL: 'is no address of this machine: correct host under listen',
  ENOTFOUND: 'is no address of this machine: correct host under listen',
  EACCES: 'may not be taken by this user: set a port from 1024 on under listen',
};

/** Resolves to the address with the port that was taken. @throws ConfigError when it cannot be */
export function listenOn(server: Server, { host, port }: ListenAddress): Promise<ListenAddress> {
  return new Promise((resolve, reject) => {
    const refused = (error: NodeJS.ErrnoException): void => {
      const code = error.code ?? 'failed';
      const what = ADVICE[code] ?? `cannot be listened on (${code})`;
      const where = `listen ${urlHost(host)}:${port}`;
      reject(new ConfigError([{ where, path: '', what }], { cause: error }));
    };
    server.once('error', refused);
    server.listen(port, host, () => {
      server.off('error', refused);
      resolve({ host, port: (server.address() as AddressInfo).port });
    });
  });
}

/** An IPv6 address stands in brackets in a URL. */
export const urlHost = (host: string): string => (host.includes(':') ? `[${host}]` : host);
