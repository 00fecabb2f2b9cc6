import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import {
  Body,
  Controller,
  type DynamicModule,
  Get,
  HttpException,
  Module,
  Post,
} from '@nestjs/common';
import { DependencyUnavailable } from '#kernel';
import { AdminModule } from './admin.module.js';
import { HealthRegistry } from './health.js';
import { type HttpHost, type HttpHostOptions, startHttpHost } from './http-host.js';
import { createLogger } from './logger.js';
import { Metrics } from './metrics.js';

let release: () => void = () => undefined;
let entered: () => void = () => undefined;

@Controller()
class ProbeController {
  @Get('hello')
  hello(): string {
    return 'hello';
  }

  @Get('slow')
  slow(): Promise<string> {
    entered();
    return new Promise((resolve) => {
      release = () => resolve('at last');
    });
  }

  @Get('refused')
  refused(): never {
    throw new HttpException('with a detail', 409);
  }

  @Get('gone')
  gone(): never {
    throw new DependencyUnavailable('postgresql', 'db.internal is gone');
  }

  @Get('broken')
  broken(): never {
    throw new TypeError('secret detail');
  }

  @Post('echo')
  echo(@Body() body: unknown): unknown {
    return body;
  }
}

@Module({ controllers: [ProbeController] })
class ProbeModule {}

const hosts: HttpHost[] = [];
async function start(options: Partial<HttpHostOptions> = {}): Promise<HttpHost> {
  const listen = { host: '127.0.0.1', port: 0 };
  const configure: HttpHostOptions['configure'] = (app) => {
    app.useBodyParser('application/json');
  };
  const host = await startHttpHost({ module: ProbeModule, listen, configure, ...options });
  hosts.push(host);
  return host;
}
afterEach(async () => {
  release();
  for (const host of hosts.splice(0)) await host.close(0);
});

const urlOf = (host: HttpHost, path: string): string =>
  `http://127.0.0.1:${host.address.port}${path}`;

/** What comes back for raw bytes, until the other side closes. */
function raw(host: HttpHost, bytes: string): Promise<string> {
  const socket = connect(host.address.port, '127.0.0.1');
  socket.write(bytes);
  return text(socket);
}

describe('an HTTP host', () => {
  it('serves the module, and tells the port that it took', async () => {
    const host = await start();
    expect(host.address.port).toBeGreaterThan(0);
    expect(await (await fetch(urlOf(host, '/hello'))).text()).toBe('hello');
  });

  it('gives each request to `before`, which takes what is its own', async () => {
    const host = await start({
      before: (request, response) => {
        if (request.url?.startsWith('/proxy/') !== true) return false;
        response.end(`raw ${request.url}`);
        return true;
      },
    });
    expect(await (await fetch(urlOf(host, '/proxy/a%2fb?c'))).text()).toBe('raw /proxy/a%2fb?c');
    expect(await (await fetch(urlOf(host, '/hello'))).text()).toBe('hello');
  });

  it.each([
    ['/nowhere', 404, 'Not Found'],
    ['/refused', 409, 'Conflict'],
    ['/gone', 503, 'Service Unavailable'],
    ['/broken', 500, 'Internal Server Error'],
    ['/%zz', 400, 'Bad Request'],
  ])('answers for %s with a terse problem', async (path, status, title) => {
    const response = await fetch(urlOf(await start(), path));
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(await response.json()).toEqual({ type: 'about:blank', title, status });
  });

  it('logs a fault, and not a refusal', async () => {
    const lines: string[] = [];
    const log = createLogger({ name: 'x', level: 'info', write: (line) => void lines.push(line) });
    const host = await start({ log });
    await fetch(urlOf(host, '/refused'));
    expect(lines).toEqual([]);
    await fetch(urlOf(host, '/broken'));
    expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { level: 'error', err: { type: 'TypeError', message: 'secret detail' } },
    ]);
  });

  it.each([
    ['more than 64 KiB', 'application/json', JSON.stringify('x'.repeat(64 * 1024)), 413],
    ['what is no JSON', 'application/json', '{', 400],
    ['a prototype', 'application/json', '{"__proto__":{}}', 400],
    ['another kind', 'text/csv', 'a,b', 415],
  ])('refuses a body that is %s', async (_, type, body, status) => {
    const host = await start();
    const response = await fetch(urlOf(host, '/echo'), {
      method: 'POST',
      headers: { 'content-type': type },
      body,
    });
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ type: 'about:blank', status });
  });

  it.each([
    ['no Host', 'GET /hello HTTP/1.1\r\n\r\n'],
    ['what is no request', 'hello\r\n\r\n'],
    [
      'two lengths',
      'POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
    ],
    [
      'a length and chunks',
      'POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['a folded header', 'GET /hello HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n'],
    ['a bare line feed', 'GET /hello HTTP/1.1\nHost: a\n\n'],
  ])('refuses %s and closes the connection', async (_, bytes) => {
    const answer = await raw(await start(), bytes);
    expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    expect(answer.toLowerCase()).toContain('connection: close');
    expect(answer).not.toContain('hello');
  });

  it('refuses a header block above 16 KiB', async () => {
    const answer = await raw(
      await start(),
      `GET /hello HTTP/1.1\r\nHost: a\r\nX: ${'a'.repeat(17 * 1024)}\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 431 /);
  });

  it('asks for an expected body when somebody reads it', async () => {
    const host = await start();
    const request = httpRequest(urlOf(host, '/echo'), {
      method: 'POST',
      headers: { expect: '100-continue', 'content-type': 'application/json' },
    });
    request.flushHeaders();
    await new Promise((resolve) => request.once('continue', resolve));
    const answered = new Promise<NodeJS.ReadableStream>((resolve) =>
      request.once('response', resolve),
    );
    request.end('{"a":1}');
    expect(await text(await answered)).toBe('{"a":1}');
  });

  it('does not ask for an expected body when the request is refused by its head', async () => {
    const host = await start({
      before: (_request, response) => {
        response.writeHead(401).end();
        return true;
      },
    });
    const answer = await raw(
      host,
      'POST /x HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\nConnection: close\r\n\r\n',
    );
    expect(answer).toMatch(/^HTTP\/1\.1 401 /);
  });

  it('refuses to start on a port that is taken, naming it', async () => {
    const { address } = await start();
    await expect(start({ listen: address })).rejects.toThrow(
      `listen 127.0.0.1:${address.port}: is in use by another process: stop it, or set another port under listen`,
    );
  });

  it('refuses to start on an address of another machine', async () => {
    await expect(start({ listen: { host: '192.0.2.1', port: 0 } })).rejects.toThrow(
      'listen 192.0.2.1:0: is no address of this machine: correct host under listen',
    );
  });
});

describe('closing an HTTP host', () => {
  const accepts = (port: number): Promise<boolean> =>
    new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.destroy();
        resolve(true);
      });
      socket.once('error', () => resolve(false));
    });

  it('lets a request in flight end, and takes no other', async () => {
    const host = await start();
    const inside = new Promise<void>((resolve) => (entered = resolve));
    const slow = fetch(urlOf(host, '/slow'));
    await inside;
    const closed = host.close(10_000);
    expect(await accepts(host.address.port)).toBe(false);
    release();
    expect(await (await slow).text()).toBe('at last');
    await closed;
    hosts.splice(0);
  });

  it('cuts a request that is in flight beyond the deadline', async () => {
    const host = await start();
    const inside = new Promise<void>((resolve) => (entered = resolve));
    const slow = fetch(urlOf(host, '/slow')).then(
      () => 'answered',
      () => 'cut',
    );
    await inside;
    await host.close(100);
    hosts.splice(0);
    expect(await slow).toBe('cut');
  });

  it('ends the modules too', async () => {
    const ended: string[] = [];
    const part: DynamicModule = {
      module: class Part {
        onApplicationShutdown(): void {
          ended.push('part');
        }
      },
    };
    const host = await start({ module: part });
    await host.close(1_000);
    hosts.splice(0);
    expect(ended).toEqual(['part']);
  });
});

describe('the admin port', () => {
  it('tells liveness, readiness with its reasons, and metrics', async () => {
    const [health, metrics] = [new HealthRegistry(), new Metrics()];
    metrics.counter('calls_total', 'Calls').inc(2);
    health.add('vault', () => Promise.reject(new Error('sealed')));
    const host = await start({ module: AdminModule.register(health, metrics) });
    expect(await (await fetch(urlOf(host, '/healthz'))).json()).toEqual({ status: 'ok' });
    health.enter('serving');
    const ready = await fetch(urlOf(host, '/readyz'));
    expect([ready.status, await ready.json()]).toMatchObject([
      503,
      { ready: false, checks: [{ name: 'vault', ok: false, reason: 'sealed' }] },
    ]);
    const scraped = await fetch(urlOf(host, '/metrics'));
    expect(scraped.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(await scraped.text()).toContain('postern_calls_total 2');
  });
});
