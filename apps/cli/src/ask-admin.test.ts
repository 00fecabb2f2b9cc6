import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { type AdminAnswer, type AdminOptions, askAdmin, fitting, postAdmin } from './ask-admin.js';

const HANDLE = `pst_test_${'A'.repeat(49)}`;

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

describe('asking the admin API', () => {
  const servers: Server[] = [];
  const folder = mkdtempSync(join(tmpdir(), 'postern-ask-'));
  const handleFile = join(folder, 'handle');
  beforeEach(() => writeFileSync(handleFile, HANDLE));
  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  const serve = async (answer: Answer): Promise<string> => {
    const server = createServer(answer);
    servers.push(server);
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };
  const optionsOf = (admin: string): AdminOptions => ({ admin, origin: admin, handleFile });
  const ask = async (answer: Answer): Promise<AdminAnswer> =>
    askAdmin('/admin/v1/x', optionsOf(await serve(answer)));
  const tell =
    (status: number, body: string): Answer =>
    (_, response) =>
      void response.writeHead(status).end(body);

  it('gives status and body, and posts JSON', async () => {
    const admin = await serve((request, response) => {
      const { method, headers } = request;
      request.setEncoding('utf8');
      let sent = '';
      request.on('data', (text: string) => (sent += text));
      request.on('end', () => {
        const { authorization, 'content-type': type } = headers;
        response.end(JSON.stringify({ method, authorization, type, sent }));
      });
    });
    expect(await askAdmin('/x', optionsOf(admin))).toMatchObject({
      status: 200,
      body: { method: 'GET', authorization: `Bearer ${HANDLE}`, sent: '' },
    });
    const posted = await postAdmin('/x', optionsOf(admin), { reason: 'r', note: undefined });
    expect(posted.body).toMatchObject({
      ...{ method: 'POST', type: 'application/json', sent: '{"reason":"r"}' },
    });
  });

  it.each([301, 302, 307, 308])(
    'follows no redirect, and the handle goes nowhere else: %i',
    async (status) => {
      const seen: unknown[] = [];
      const elsewhere = await serve((request, response) => {
        seen.push(request.headers.authorization);
        response.end('{}');
      });
      const redirected = ask((_, response) => {
        response.writeHead(status, { location: `${elsewhere}/admin/v1/x` }).end();
      });
      await expect(redirected).rejects.toMatchObject({
        code: 'dependency-unavailable',
        message: expect.stringContaining('which redirects: name it with --admin') as string,
      });
      expect(seen).toEqual([]);
    },
  );

  it.each([
    ['no JSON', '<html>\u001b[2J</html>'],
    ['nothing', ''],
    ['half of it', '{"detections":['],
    ['lists in lists', '['.repeat(200_000)],
  ])('has no body of an answer that is %s', async (_, text) => {
    expect(await ask(tell(200, text))).toEqual({ status: 200, body: undefined });
    await expect(ask(tell(500, text))).rejects.toMatchObject({ status: 500, code: 'refused' });
  });

  it('takes 32 MiB of an answer, and no more: not of one that has no end either', async () => {
    const piece = Buffer.alloc(1024 * 1024, ' ');
    let sent = 0;
    let isGone = false;
    const endless = ask((request, response) => {
      request.socket.on('close', () => (isGone = true));
      const send = (): void => {
        while (!isGone && response.write(piece)) sent += 1;
        if (!isGone) response.once('drain', send);
      };
      send();
    });
    await expect(endless).rejects.toMatchObject({
      name: 'PosternRefused',
      message: expect.stringContaining('over 32 MiB') as string,
    });
    expect(sent).toBeLessThan(64);
    const large = JSON.stringify({ text: 'x'.repeat(4 * 1024 * 1024) });
    expect((await ask(tell(200, large))).body).toMatchObject({
      text: expect.any(String) as string,
    });
  }, 60_000);

  it('does not answer when the connection ends within the answer', async () => {
    const cut = ask((request, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('{"a":');
      setImmediate(() => request.socket.destroy());
    });
    await expect(cut).rejects.toMatchObject({ code: 'dependency-unavailable' });
    await expect(askAdmin('/x', optionsOf('http://127.0.0.1:1'))).rejects.toThrow(
      'name it with --admin',
    );
  });

  it('says what a refusal says, in printable characters and not for ever', async () => {
    const detail = `no such thing \u001b]0;owned\u0007\u009b2J\n${'x'.repeat(100_000)}`;
    const refusal: unknown = await ask(tell(404, JSON.stringify({ detail }))).catch(
      (error: unknown) => error,
    );
    const { message } = refusal as Error;
    expect(message).toContain('no such thing \\u001b]0;owned');
    expect(message).toMatch(/^[ -~]*$/);
    expect(message.length).toBeLessThan(3_000);
  });

  it('does not quote a handle that no header takes', async () => {
    writeFileSync(handleFile, `${HANDLE}\nX-Injected: 1`);
    const refusal: unknown = await ask(tell(200, '{}')).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: 'usage' });
    expect((refusal as Error).message).not.toContain('AAAA');
  });

  it('takes the answer that it expects alone', () => {
    const schema = z.object({ id: z.string() });
    expect(fitting(schema, { status: 200, body: { id: 'a' } })).toEqual({ id: 'a' });
    for (const body of [undefined, null, [], { id: 1 }, 'id']) {
      expect(() => fitting(schema, { status: 200, body })).toThrow('is this the admin API?');
    }
  });
});
