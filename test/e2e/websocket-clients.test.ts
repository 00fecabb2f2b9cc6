import { type ChildProcess, spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { CallPath } from '../security/call-path.js';
import { describeWithServer } from '../support/describe-with-server.js';
import { until } from '../support/until.js';

const SCRIPT = 'test/support/clients/websocket_echo.py';

/** A client and a server of others, unmodified, with the proxy between them. */
describeWithServer('WebSocket', 'websockets', (python) => {
  let server: ChildProcess;
  let port = '';
  beforeAll(async () => {
    server = spawn(python, [SCRIPT, 'serve'], { stdio: ['ignore', 'pipe', 'inherit'] });
    server.stdout?.on('data', (chunk: Buffer) => (port += chunk.toString()));
    await until('the server listens', () => port.includes('\n'));
  });
  afterAll(() => void server.kill());

  const start = (scrub: 'stream' | 'off'): Promise<CallPath> =>
    CallPath.start({
      registration: { destination: `http://127.0.0.1:${port.trim()}`, response: { scrub } },
      policy: { scopes: { 'ledger.read': ['UPGRADE /stream/{id}'] } },
    });
  const call = async (path: CallPath, handle: string): Promise<unknown> => {
    const client = spawn(python, [SCRIPT], { stdio: ['pipe', 'pipe', 'inherit'] });
    const url = `ws://127.0.0.1:${path.port}/proxy/ledger/stream/42`;
    client.stdin.end(JSON.stringify({ url, authorization: `Bearer ${handle}` }));
    return JSON.parse(await text(client.stdout)) as unknown;
  };

  it.each([
    ['stream', []],
    ['off', ['permessage-deflate']],
  ] as const)(
    'relays text, bytes, pings and the end, with scrub: %s',
    async (scrub, extensions) => {
      const path = await start(scrub);
      const { plaintext } = await path.parts.issue();
      expect(await call(path, plaintext)).toEqual({
        ...{ echoes: [true, true, true], code: 4001, reason: 'as you wish' },
        ...{ subprotocol: 'chat', extensions },
      });
      await until('it is finished', () => path.parts.ledger.completed.length > 0);
      expect(path.parts.ledger.completed[0]?.data).toMatchObject({ outcome: 'ok' });
      await path.stop();
    },
  );

  it('is refused without a valid handle', async () => {
    const path = await start('stream');
    expect(await call(path, 'nothing')).toEqual({ status: 401 });
    await path.stop();
  });
});
