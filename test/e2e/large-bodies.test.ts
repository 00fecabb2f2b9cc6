import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import {
  type ClientRequest,
  createServer,
  type IncomingMessage,
  request,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import { type AddressInfo } from 'node:net';
import { describeWithServer } from '#test-support';
import { http2Server, type UpstreamServer } from '#testing';
import {
  answered,
  readSlowly,
  readUntil,
  standstill,
  writeUntil,
} from '../support/body-transfer.js';
import { PlantedBody, pour } from '../support/planted-body.js';
import { ProcessResources } from '../support/process-resources.js';
import { RunningProxy } from '../support/running-proxy.js';
import { until } from '../support/until.js';

const long = process.env['POSTERN_TEST_VOLUME'] === 'long';
const MIB = 1024 * 1024;
const WARM_UP_BYTES = 8 * MIB;
const BODY_BYTES = (long ? 1024 : 64) * MIB;
/** Of the resident set over what it was before the transfer. */
const GROWTH_BYTES_MAX = 64 * MIB;
/** What the kernel's socket buffers of three connections and our own hold when nobody reads. */
const UNDERWAY_BYTES_MAX = 32 * MIB;
const ABORTS = long ? 50 : 2;
/** Far more than what is under way when nobody reads, so that a cut is always in the middle. */
const ABORTED_BODY_BYTES = 64 * MIB;
const CUT_BYTES_MAX = 4 * MIB;
/** Who still writes may hear of the closed connection before it reads the answer (RFC 9112 section 9.6). */
const PASSWORD = 'the-ledger-password-1987';
const TIMEOUT_MS = long ? 900_000 : 180_000;

/** How a body goes, and the resource of that. */
const RESOURCES = {
  scrubbed: 'ledger',
  unscrubbed: 'ledger-unscrubbed',
  'scrubbed, over HTTP/2': 'ledger-http2',
} as const;
type Way = keyof typeof RESOURCES;
const WAYS = Object.keys(RESOURCES) as readonly Way[];

/** Bodies that no memory would hold, through the process as it is deployed. */
describeWithServer('large bodies through a proxy process', 'postgres-18', () => {
  describeWithServer('with secrets', 'openbao', () => {
    let proxy: RunningProxy;
    let held: ProcessResources;
    let backend: Server;
    let http2Backend: UpstreamServer;
    let respond: (request: IncomingMessage, response: ServerResponse) => void;

    beforeAll(async () => {
      const listener: RequestListener = (incoming, response) => {
        incoming.on('error', () => undefined);
        response.on('error', () => undefined);
        respond(incoming, response);
      };
      backend = createServer(listener).listen(0, '127.0.0.1');
      await once(backend, 'listening');
      http2Backend = await http2Server(listener);
      const call = { timeout: '15m', maxRequestBytes: '1GiB', maxResponseBytes: 'unlimited' };
      proxy = await RunningProxy.start({
        destination: `http://127.0.0.1:${backendPort()}`,
        secret: { username: 'ledger-svc', password: PASSWORD },
        resource: { call },
        more: {
          'ledger-unscrubbed': { response: { scrub: { off: 'to be compared with' } } },
          'ledger-http2': { destination: http2Backend.origin, ...http2Backend.registration },
        },
      });
      held = new ProcessResources(proxy.process.pid);
      for (const way of WAYS) {
        await download(way, new PlantedBody(WARM_UP_BYTES, PASSWORD));
        await upload(way, new PlantedBody(WARM_UP_BYTES, PASSWORD));
      }
    }, TIMEOUT_MS);
    afterAll(async () => {
      backend.closeAllConnections();
      backend.close();
      await http2Backend.stop();
      await proxy.stop();
    }, 60_000);

    const backendPort = (): number => (backend.address() as AddressInfo).port;

    async function open(
      way: Way,
      method: 'GET' | 'POST',
    ): Promise<{ readonly call: ClientRequest; readonly handleId: string }> {
      const resource = RESOURCES[way];
      const { plaintext, id } = await proxy.issue(resource);
      const path = `/proxy/${resource}/${method === 'GET' ? 'accounts/42' : 'entries'}`;
      const call = request({
        ...{ host: '127.0.0.1', port: proxy.port, path, method, agent: false },
        headers: { authorization: `Bearer ${plaintext}` },
      });
      return { call, handleId: id };
    }
    interface Transfer {
      readonly handleId: string;
      readonly underwayBytes: number;
      readonly bytes: number;
      readonly digest: string;
    }
    async function download(way: Way, body: PlantedBody): Promise<Transfer> {
      respond = (_, response) => {
        if (way === 'unscrubbed') response.setHeader('content-length', body.bytes);
        pour(body, response);
      };
      const { call, handleId } = await open(way, 'GET');
      const response = await answered(call.end());
      const underwayBytes = await standstill(body);
      return { handleId, underwayBytes, ...(await readSlowly(response)) };
    }
    async function upload(way: Way, body: PlantedBody): Promise<Transfer> {
      let answer = (): void => undefined;
      const arrived = new Promise<IncomingMessage>((resolve) => {
        respond = (incoming, response) => {
          answer = () => response.end('taken');
          resolve(incoming);
        };
      });
      const { call, handleId } = await open(way, 'POST');
      const response = answered(call);
      pour(body, call);
      const incoming = await arrived;
      const underwayBytes = await standstill(body);
      const received = await readSlowly(incoming);
      answer();
      (await response).resume();
      return { handleId, underwayBytes, ...received };
    }
    /** The kernel's own record of the peak, so that no moment is missed. */
    async function growthOf(transfer: () => Promise<Transfer>): Promise<[Transfer, number]> {
      const before = held.residentBytes;
      held.forgetPeak();
      const done = await transfer();
      return [done, held.peakBytes - before];
    }
    const report = (what: string, body: PlantedBody, growthBytes: number): void => {
      const [mib, growth] = [body.bytes, growthBytes].map((bytes) => (bytes / MIB).toFixed(0));
      process.stderr.write(`large-bodies: ${what}, ${mib} MiB: resident set +${growth} MiB\n`);
    };

    it.each(WAYS)(
      'go down to a slow caller in flat memory, %s',
      async (way) => {
        const body = new PlantedBody(BODY_BYTES, PASSWORD);
        const [done, growthBytes] = await growthOf(() => download(way, body));
        report(`down, ${way}`, body, growthBytes);
        const { asSent, scrubbed } = body.digests();
        expect(body.planted).toBeGreaterThan(50);
        expect(done.digest).toBe(way === 'unscrubbed' ? asSent : scrubbed);
        expect(done.underwayBytes).toBeLessThan(UNDERWAY_BYTES_MAX);
        expect(growthBytes).toBeLessThan(GROWTH_BYTES_MAX);
        expect(await proxy.completed(done.handleId)).toMatchObject({
          ...{ outcome: 'ok', bytes_in: 0, bytes_out: BODY_BYTES },
          scrubbed: way === 'unscrubbed' ? 0 : body.planted,
        });
      },
      TIMEOUT_MS,
    );

    it.each(WAYS)(
      'go up to a slow destination in flat memory, %s',
      async (way) => {
        const body = new PlantedBody(BODY_BYTES, PASSWORD);
        const [done, growthBytes] = await growthOf(() => upload(way, body));
        report(`up, ${way}`, body, growthBytes);
        expect(done.digest).toBe(body.digests().asSent);
        expect(done.underwayBytes).toBeLessThan(UNDERWAY_BYTES_MAX);
        expect(growthBytes).toBeLessThan(GROWTH_BYTES_MAX);
        expect(await proxy.completed(done.handleId)).toMatchObject({
          ...{ outcome: 'ok', bytes_in: BODY_BYTES, bytes_out: 5, scrubbed: 0 },
        });
      },
      TIMEOUT_MS,
    );

    describe('that are aborted', () => {
      let descriptors = 0;
      let aborts = 0;
      const ports = (): readonly number[] => [backendPort(), proxy.port];
      const isQuiet = async (): Promise<boolean> => {
        backend.closeIdleConnections();
        return (await held.connectionsOf(ports())) === 0;
      };
      beforeAll(async () => {
        await until('no connection is open', isQuiet);
        descriptors = held.descriptors;
      });
      const cuts = (): number[] =>
        Array.from({ length: ABORTS }, () => randomInt(1, CUT_BYTES_MAX));
      const ended = (handleId: string): ReturnType<RunningProxy['completed']> => {
        aborts += 1;
        return proxy.completed(handleId);
      };
      const aborted = (): PlantedBody => new PlantedBody(ABORTED_BODY_BYTES, PASSWORD);

      it(
        'by the caller in mid-answer end at the destination too: client_abort',
        async () => {
          for (const cut of cuts()) {
            const body = aborted();
            respond = (_, response) => pour(body, response);
            const { call, handleId } = await open('scrubbed', 'GET');
            const received = await readUntil(await answered(call.end()), cut);
            call.destroy();
            const told = await ended(handleId);
            expect({ cut, outcome: told.outcome }).toEqual({ cut, outcome: 'client_abort' });
            expect(told.bytes_out).toBeGreaterThanOrEqual(received);
            expect(told.bytes_out).toBeLessThanOrEqual(body.taken);
          }
        },
        TIMEOUT_MS,
      );

      it(
        'by the caller in mid-upload end at the destination too: client_abort',
        async () => {
          for (const cut of cuts()) {
            let arrived = 0;
            const wasComplete = new Promise<boolean>((resolve) => {
              respond = (incoming) => {
                incoming.on('data', (chunk: Buffer) => (arrived += chunk.length));
                incoming.once('close', () => resolve(incoming.complete));
              };
            });
            const { call, handleId } = await open('scrubbed', 'POST');
            const sent = await writeUntil(call, cut);
            call.destroy();
            expect(await wasComplete).toBe(false);
            const told = await ended(handleId);
            expect({ cut, outcome: told.outcome }).toEqual({ cut, outcome: 'client_abort' });
            expect(told.bytes_in).toBeGreaterThanOrEqual(arrived);
            expect(told.bytes_in).toBeLessThanOrEqual(sent);
          }
        },
        TIMEOUT_MS,
      );

      it(
        'by the destination in mid-answer are cut for the caller: upstream_error',
        async () => {
          for (const cut of cuts()) {
            respond = (_, response) => {
              void writeUntil(response, cut).then(() => response.socket?.destroy());
            };
            const { call, handleId } = await open('scrubbed', 'GET');
            const response = await answered(call.end());
            await expect(response.toArray()).rejects.toThrow(/aborted/);
            const told = await ended(handleId);
            expect({ cut, outcome: told.outcome }).toEqual({ cut, outcome: 'upstream_error' });
            expect(told.bytes_out).toBeLessThanOrEqual(cut);
          }
        },
        TIMEOUT_MS,
      );

      it(
        'by the destination in mid-upload are never answered as done: upstream_error',
        async () => {
          for (const cut of cuts()) {
            respond = (incoming) => {
              void readUntil(incoming, cut).then(() => incoming.socket.destroy());
            };
            const { call, handleId } = await open('scrubbed', 'POST');
            const answer = answered(call).then(
              ({ statusCode }) => String(statusCode),
              (error: unknown) => (error as NodeJS.ErrnoException).code,
            );
            pour(aborted(), call);
            expect(await answer).toBe('502');
            const told = await ended(handleId);
            expect({ cut, outcome: told.outcome }).toEqual({ cut, outcome: 'upstream_error' });
            expect(told.bytes_in).toBeGreaterThanOrEqual(cut);
            call.destroy();
          }
        },
        TIMEOUT_MS,
      );

      it('leave no connection and no descriptor open', async () => {
        expect(aborts).toBe(4 * ABORTS);
        await until('no connection stays open', isQuiet);
        await until('no descriptor stays open', () => held.descriptors <= descriptors);
      });
    });
  });
});
