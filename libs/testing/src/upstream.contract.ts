import { type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import {
  type CallLimits,
  type ProxiedResourceRegistration,
  type Upstream,
  type UpstreamController,
  type UpstreamFailed,
  type UpstreamRequest,
} from '#injection';
import { RecordingSink } from './recording-sink.js';
import {
  anUpstreamRequest,
  type UpstreamServer,
  type UpstreamUnderTest,
} from './upstream-server.js';

type Respond = (request: IncomingMessage, response: ServerResponse) => void;

/** What every Upstream must do, against real servers on loopback. */
export function upstreamContract({ make, start, protocol }: UpstreamUnderTest): void {
  const isHttp2 = protocol === 'HTTP/2';
  const named = (name: string): string => (isHttp2 ? name.toLowerCase() : name);

  describe('as an upstream', () => {
    let upstream: Upstream;
    let server: UpstreamServer;
    let respond: Respond;
    let seen: IncomingMessage[];

    beforeEach(async () => {
      upstream = make();
      seen = [];
      respond = (_, response) => response.end('ok');
      server = await start((request, response) => {
        seen.push(request);
        respond(request, response);
      });
    });
    afterEach(async () => {
      await upstream.close(0);
      await server.stop();
    });

    const deaf = isHttp2 ? 'https://127.0.0.1:1' : 'http://127.0.0.1:1';
    const aRequest = (
      overrides: Partial<UpstreamRequest> = {},
      limits: Partial<CallLimits> = {},
      registration: Partial<ProxiedResourceRegistration> = {},
    ): UpstreamRequest => anUpstreamRequest(server, overrides, limits, registration);
    const sent = (
      request: UpstreamRequest,
    ): { sink: RecordingSink; control: UpstreamController } => {
      const sink = new RecordingSink();
      return { sink, control: upstream.send(request, sink) };
    };
    const failure = async (sink: RecordingSink): Promise<UpstreamFailed['condition']> =>
      ((await sink.end) as UpstreamFailed).condition;

    it('writes method, path and headers as they are given', async () => {
      const { sink } = sent(aRequest());
      expect(await sink.end).toBe('ended');
      expect([seen[0]!.method, seen[0]!.url]).toEqual(['GET', '/accounts/42?x=%2F']);
      const written = seen[0]!.rawHeaders.join();
      expect(written).toContain(`${isHttp2 ? ':authority' : 'host'},ledger.internal`);
      expect(written).toContain(`x-one,1,${named('X-One')},2`);
    });

    it('gives status, reason, headers in their order and case, body and trailers', async () => {
      respond = (_, response) => {
        response.writeHead(299, 'Quite Right', [
          'X-B',
          '1',
          'Set-Cookie',
          'a',
          'Set-Cookie',
          'b',
          'Trailer',
          'X-T',
        ]);
        response.write('hel');
        response.addTrailers({ 'X-T': 'done' });
        response.end('lo');
      };
      const { sink } = sent(aRequest());
      await sink.end;
      const reason = isHttp2 ? '' : 'Quite Right';
      expect([sink.status, sink.statusText, sink.body]).toEqual([299, reason, 'hello']);
      const names = ['X-B', '1', 'Set-Cookie', 'a', 'Set-Cookie', 'b'].map(named);
      expect(sink.headers.slice(0, 6)).toEqual(names);
      expect(sink.trailers).toEqual([named('X-T'), 'done']);
    });

    it('streams a request body and does not wait for its end', async () => {
      respond = (request, response) => {
        request.once('data', (first: Buffer) => {
          response.end(first.toString());
          request.resume();
        });
      };
      const body = new Readable({ read: () => undefined });
      body.push('first');
      const { sink } = sent(aRequest({ method: 'POST', body }));
      await sink.end;
      expect(sink.body).toBe('first');
      body.destroy();
    });

    it('sends the body with the announced length', async () => {
      respond = (request, response) => void text(request).then((all) => response.end(all));
      const headers = ['content-length', '5'];
      const { sink } = sent(
        aRequest({ method: 'POST', headers, body: Readable.from([Buffer.from('hello')]) }),
      );
      await sink.end;
      expect(sink.body).toBe('hello');
      expect(seen[0]!.headers['content-length']).toBe('5');
    });

    it.each([301, 302, 303, 307, 308])('never follows a redirect: %i', async (status) => {
      respond = (_, response) =>
        response.writeHead(status, { location: `${server.origin}/b` }).end();
      const { sink } = sent(aRequest());
      await sink.end;
      expect([sink.status, seen.length]).toEqual([status, 1]);
    });

    it('never tries again', async () => {
      respond = (request) => request.socket.destroy();
      expect(await failure(sent(aRequest()).sink)).toBe('aborted');
      expect(seen).toHaveLength(1);
    });

    it('never decodes', async () => {
      respond = (_, response) =>
        response.writeHead(200, { 'content-encoding': 'gzip' }).end('plain');
      const { sink } = sent(aRequest());
      await sink.end;
      expect(sink.body).toBe('plain');
    });

    it('leaves interim responses out', async () => {
      respond = (_, response) => {
        response.writeEarlyHints({ link: '</a>; rel=preload' });
        response.end('ok');
      };
      const { sink } = sent(aRequest());
      await sink.end;
      expect(sink.calls.filter((call) => call === 'head')).toHaveLength(1);
      expect(sink.status).toBe(200);
    });

    it('holds the destination back while the sink is not ready, and goes on when told', async () => {
      const total = 32 * 1024 * 1024;
      let written = 0;
      respond = (_, response) => {
        const chunk = Buffer.alloc(64 * 1024);
        const more = (): void => {
          while (written < total) {
            written += chunk.length;
            if (!response.write(chunk)) return void response.once('drain', more);
          }
          response.end();
        };
        more();
      };
      const { sink, control } = sent(aRequest());
      sink.ready = false;
      let before = -1;
      while (before !== written || written === 0) {
        before = written;
        await pause(100);
      }
      expect(written).toBeLessThan(total / 2);
      sink.ready = true;
      control.resume();
      await sink.end;
      expect(sink.bytes).toBe(total);
    });

    it('ends the connection when it is aborted, and tells the sink nothing more', async () => {
      const closed = new Promise((resolve) => {
        respond = (request, response) => {
          response.write('first');
          request.socket.once('close', resolve);
        };
      });
      const { sink, control } = sent(aRequest());
      while (sink.body === '') await pause(5);
      control.abort(new Error('enough'));
      await closed;
      expect(sink.calls).toEqual(['head', 'data']);
    });

    it('says when the response ends before it is whole', async () => {
      respond = (request, response) => {
        response.writeHead(200, { 'content-length': '100' });
        response.write('half', () => request.socket.destroy());
      };
      const { sink } = sent(aRequest());
      expect(await failure(sink)).toBe('aborted');
      expect(sink.calls.at(-1)).toBe('error');
    });

    it('says when nobody listens', async () => {
      const request = aRequest({}, {}, { destination: deaf });
      expect(await failure(sent(request).sink)).toBe('unreachable');
    });

    it.each(['127.0.0.1', 'localhost'])(
      'refuses an address that is not permitted: %s',
      async (name) => {
        const destination = server.origin.replace('127.0.0.1', name);
        const request = aRequest({}, {}, { destination, network: { allowPrivate: false } });
        expect(await failure(sent(request).sink)).toBe('refused-address');
        expect(seen).toHaveLength(0);
      },
    );

    it.each([
      ['head', 'headersTimeoutMs', (): void => undefined],
      ['body', 'idleTimeoutMs', (response: ServerResponse): void => void response.write('first')],
    ] as const)('gives up when the %s does not come in time', async (_, limit, begin) => {
      respond = (_request, response) => {
        begin(response);
      };
      expect(await failure(sent(aRequest({}, { [limit]: 300 })).sink)).toBe('timeout');
    });

    it('gives up when the whole takes too long', async () => {
      respond = (_, response) => {
        const timer = setInterval(() => response.write('drop'), 50);
        response.on('close', () => clearInterval(timer));
      };
      const { sink } = sent(aRequest({}, { totalTimeoutMs: 400 }));
      expect(await failure(sink)).toBe('timeout');
    });

    it('ends the request when its body fails', async () => {
      respond = () => undefined;
      const body = new Readable({ read: () => undefined });
      const { sink } = sent(aRequest({ method: 'POST', body }));
      body.push('first');
      while (seen.length === 0) await pause(5);
      body.destroy(new Error('the caller went away'));
      expect(await failure(sink)).toBe('aborted');
    });

    it('uses a connection again with one credential version, and never with another', async () => {
      const ports: (number | undefined)[] = [];
      respond = (request, response) => {
        ports.push(request.socket.remotePort);
        response.end('ok');
      };
      for (const credentialVersion of [1, 1, 2, 1]) {
        await sent(aRequest({ credentialVersion })).sink.end;
        await pause(200); // The connection goes back to its pool.
      }
      expect(ports[1]).toBe(ports[0]);
      expect(new Set(ports).size).toBe(3);
    });

    it('lets a request in flight finish when it closes, and takes no other', async () => {
      let release: () => void = () => undefined;
      respond = (_, response) => {
        release = () => response.end('late');
      };
      const { sink } = sent(aRequest());
      while (seen.length === 0) await pause(5);
      const closed = upstream.close(5_000);
      const { sink: refused } = sent(aRequest());
      release();
      expect([await sink.end, sink.body]).toEqual(['ended', 'late']);
      expect(await refused.end).not.toBe('ended');
      await closed;
    });

    it('cuts a request in flight at the deadline', async () => {
      respond = () => undefined;
      const { sink } = sent(aRequest());
      while (seen.length === 0) await pause(5);
      await upstream.close(50);
      expect(await sink.end).not.toBe('ended');
    });

    it('names host and cause in a failure, and nothing of the request', async () => {
      const headers = ['authorization', 'Basic c2VjcmV0OnNlY3JldA=='];
      const request = aRequest({ headers }, {}, { destination: deaf });
      const error = (await sent(request).sink.end) as UpstreamFailed;
      expect(error.message).toBe(`${deaf}: ECONNREFUSED`);
      expect(error.cause).toBeUndefined();
    });
  });
}
