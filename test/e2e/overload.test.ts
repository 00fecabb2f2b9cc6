import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { describeWithServer } from '#test-support';
import { ProcessResources } from '../support/process-resources.js';
import { RunningProxy } from '../support/running-proxy.js';
import { until } from '../support/until.js';

const CONNECTIONS = 2_000;
const HANDLES = 10;
const OF_RESOURCE = 256;
const OF_HANDLE = 64;
const MIB = 1024 * 1024;
/** Of the resident set, over what it was before: most of it is the sockets and heads of the connections themselves. */
const GROWTH_BYTES_MAX = 96 * MIB;
/** From the first connection to the last refusal, on two slow cores that the callers share. */
const REFUSED_WITHIN_MS = 30_000;
const TIMEOUT_MS = 180_000;

/** A caller of one request, that keeps what it got and stays connected. */
class Caller {
  answer = '';
  readonly #socket: Socket;

  constructor(port: number, request: string) {
    this.#socket = connect(port, '127.0.0.1', () => this.#socket.write(request));
    this.#socket.setEncoding('latin1').on('data', (text: string) => (this.answer += text));
    this.#socket.on('error', () => undefined);
  }

  get status(): string {
    return this.answer.slice('HTTP/1.1 '.length, 'HTTP/1.1 200'.length);
  }

  leave(): void {
    this.#socket.destroy();
  }
}

/** Far more calls than a backend answers, through the process as it is deployed. */
describeWithServer(
  'a proxy process in front of a backend that does not answer',
  'postgres-18',
  () => {
    describeWithServer('with secrets', 'openbao', () => {
      let proxy: RunningProxy;
      let backend: Server;
      const held: ServerResponse[] = [];
      let callers: Caller[] = [];

      beforeAll(async () => {
        backend = createServer((_, response) => held.push(response)).listen(0, '127.0.0.1');
        await once(backend, 'listening');
        proxy = await RunningProxy.start({
          destination: `http://127.0.0.1:${(backend.address() as AddressInfo).port}`,
          secret: { username: 'ledger-svc', password: 'the-ledger-password-1987' },
          resource: { call: { timeout: '5m', idleTimeout: '5m' } },
        });
      }, TIMEOUT_MS);
      afterEach(() => {
        for (const caller of callers) caller.leave();
        for (const response of held.splice(0)) response.destroy();
      });
      afterAll(async () => {
        backend.closeAllConnections();
        backend.close();
        await proxy.stop();
      }, TIMEOUT_MS);

      const requestOf = (plaintext: string): string =>
        `GET /proxy/ledger/accounts/42 HTTP/1.1\r\nHost: p\r\nAuthorization: Bearer ${plaintext}\r\n\r\n`;
      const of = (status: string): Caller[] => callers.filter((caller) => caller.status === status);

      function press(plaintexts: readonly string[], connections: number): void {
        callers = Array.from({ length: connections }, (_, index) => {
          return new Caller(proxy.port, requestOf(plaintexts[index % plaintexts.length]!));
        });
      }

      async function release(): Promise<void> {
        const answered = held.splice(0);
        for (const response of answered) response.end('late');
        await until('the calls in flight are answered', () => of('200').length === answered.length);
        for (const caller of callers) caller.leave();
      }

      it('refuses what is too much of one handle, and no other: 503, at once, with Retry-After', async () => {
        const [greedy, modest] = [await proxy.issue('ledger'), await proxy.issue('ledger')];
        press([greedy.plaintext], 200);
        await until('the rest is refused', () => of('503').length === 200 - OF_HANDLE);
        await until('the others arrive', () => held.length === OF_HANDLE);
        callers.push(new Caller(proxy.port, requestOf(modest.plaintext)));
        await until('the other handle gets through', () => held.length === OF_HANDLE + 1);
        await release();
      }, 60_000);

      it(
        'refuses what is too much of the resource before memory grows, and serves again when it can',
        async () => {
          const issued = await Promise.all(
            Array.from({ length: HANDLES }, () => proxy.issue('ledger')),
          );
          const resources = new ProcessResources(proxy.process.pid);
          const before = resources.residentBytes;
          resources.forgetPeak();
          press(
            issued.map(({ plaintext }) => plaintext),
            CONNECTIONS,
          );
          await until(
            'the rest is refused',
            () => of('503').length === CONNECTIONS - OF_RESOURCE,
            REFUSED_WITHIN_MS,
          );
          await until('the others arrive', () => held.length === OF_RESOURCE);
          for (const { answer } of of('503')) {
            expect(answer).toMatch(/\r\npostern-error: overloaded\r\n/);
            expect(answer).toMatch(/\r\nretry-after: 1\r\n/);
          }
          const grownBytes = resources.peakBytes - before;
          expect(grownBytes).toBeLessThan(GROWTH_BYTES_MAX);
          await release();
          press([issued[0]!.plaintext], 1);
          await until('the next call arrives', () => held.length === 1);
          await release();
        },
        TIMEOUT_MS,
      );
    });
  },
);
