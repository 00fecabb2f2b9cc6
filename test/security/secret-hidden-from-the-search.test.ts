import { type IncomingMessage, type ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { until } from '../support/until.js';
import { CallPath } from './call-path.js';

const SECRET = 'pa€sword-1987-ledger';
const TARGET = '/proxy/ledger/accounts/42';

describe('an answer that holds the secret where or how it is not looked for', () => {
  let path: CallPath;
  let respond: (request: IncomingMessage, response: ServerResponse) => void;
  beforeAll(async () => {
    path = await CallPath.start({
      secret: { username: 'ledger', password: SECRET },
      respond: (request, response) => {
        respond(request, response);
      },
    });
  });
  afterAll(() => path.stop());

  it.each(['utf8', 'latin1'] as const)(
    'has it nowhere in its reason phrase, in %s',
    async (encoding) => {
      respond = (_, { socket }) => {
        const reason = Buffer.from(
          `bad ${SECRET.replace('€', encoding === 'utf8' ? '€' : 'ä')}`,
          encoding,
        );
        socket!.write(Buffer.concat([Buffer.from('HTTP/1.1 200 '), reason]));
        socket!.end('\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok');
      };
      const { status, statusText, body } = await path.call(TARGET);
      const masked = `bad ${'*'.repeat(Buffer.byteLength(SECRET))}`;
      expect([status, statusText, body]).toEqual([200, encoding === 'utf8' ? masked : '', 'ok']);
    },
  );

  it('is decoded although Connection names the header of its coding', async () => {
    respond = (_, { socket }) => {
      const body = gzipSync(`the password is ${SECRET}`);
      socket!.write(
        'HTTP/1.1 200 OK\r\nConnection: close, content-encoding\r\nContent-Encoding: gzip\r\n' +
          `Content-Length: ${body.length}\r\n\r\n`,
      );
      socket!.end(body);
    };
    const { status, body } = await path.call(TARGET);
    expect([status, body]).toEqual([
      200,
      `the password is ${'*'.repeat(Buffer.byteLength(SECRET))}`,
    ]);
  });

  it.each(['utf-32be', 'IBM037'])(
    'is not passed on in %s, which a caller may ask for',
    async (charset) => {
      respond = (_, response) => {
        response.setHeader('content-type', `text/plain;charset=${charset}`);
        response.end('in another writing');
      };
      const { status, headers } = await path.call(TARGET, {
        headers: { accept: `text/plain;charset=${charset}` },
      });
      expect([status, headers['postern-error']]).toEqual([502, 'unscrubbable-encoding']);
    },
  );

  it.each(['A-IM', 'Request-Range'])('is not asked for by %s', async (name) => {
    respond = (request, response) => response.end(JSON.stringify(request.rawHeaders).toLowerCase());
    const { body } = await path.call(TARGET, { headers: { [name]: 'bytes=0-9' } });
    expect(body).not.toContain(name.toLowerCase());
  });

  it('is not read on behind the end of a compressed body: nobody takes what comes there', async () => {
    let closed = false;
    respond = (_, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' });
      response.write(Buffer.concat([gzipSync('whole'), Buffer.alloc(100)]));
      const more = setInterval(() => response.write(Buffer.alloc(1024)), 20);
      response.once('close', () => {
        clearInterval(more);
        closed = true;
      });
    };
    const { body } = await path.call(TARGET);
    expect(body).toBe('whole');
    await until('the destination is cut', () => closed, 3_000);
  });
});
