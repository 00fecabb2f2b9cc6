import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { CallPath, type CallPathOptions } from './call-path.js';

const COOKIE: CallPathOptions['registration'] = {
  inject: { kind: 'cookie', name: 'sid', value: 'password' },
  call: {
    ...{ totalTimeoutMs: 5_000, connectTimeoutMs: 1_000, headersTimeoutMs: 1_000 },
    ...{ idleTimeoutMs: 200, requestBytesMax: 1024, responseBytesMax: 1024 },
    ...{ concurrencyMax: 64, audit: 'strict' },
  },
};

/** An error of a stream that nobody listens to ends a process of Node. */
describe('a call that is refused when the secret is put on, and whose body never ends', () => {
  let path: CallPath;
  const faults: unknown[] = [];
  const onFault = (error: unknown): void => void faults.push(error);
  beforeAll(async () => {
    path = await CallPath.start({ registration: COOKIE, secret: { password: 'long-enough-0123' } });
    process.on('uncaughtException', onFault);
  });
  afterAll(async () => {
    process.off('uncaughtException', onFault);
    await path.stop();
  });

  it.each([
    ['stands still', false],
    ['breaks off', true],
  ])('ends no process when the body %s', async (_, breaks) => {
    const { plaintext } = await path.parts.issue();
    const socket = connect(path.port, '127.0.0.1').on('error', () => undefined);
    socket.write(
      `POST /proxy/ledger/entries HTTP/1.1\r\nHost: postern\r\nAuthorization: Bearer ${plaintext}\r\n` +
        'Cookie: a="b\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n',
    );
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 400 /);
    if (breaks) socket.destroy();
    await pause(500);
    socket.destroy();
    expect([faults, path.backend.seen]).toEqual([[], []]);
    expect((await path.call('/proxy/ledger/accounts/1')).status).toBe(200);
    path.backend.seen.length = 0;
  });
});
