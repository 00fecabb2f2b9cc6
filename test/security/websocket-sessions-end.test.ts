import { until } from '../support/until.js';
import { handshake, SocketCaller, WebSocketPath } from './websocket-path.js';

const CALL = {
  ...{ totalTimeoutMs: 10_000, connectTimeoutMs: 2_000, headersTimeoutMs: 5_000 },
  ...{ idleTimeoutMs: 5_000, requestBytesMax: 1024 * 1024, responseBytesMax: Infinity },
  ...{ concurrencyMax: 64, audit: 'strict' as const },
};

let proxy: WebSocketPath;
afterEach(() => proxy.stop());

describe('a live WebSocket ends', () => {
  it('within about a second when its handle is revoked', async () => {
    proxy = await WebSocketPath.start();
    const { plaintext, handle } = await proxy.path.parts.issue();
    const caller = SocketCaller.open(proxy.path.port, handshake(`Bearer ${plaintext}`));
    await until('it is open', () => caller.answer.startsWith('HTTP/1.1 101'));
    proxy.path.parts.records.handles.set(handle.id, { ...handle, status: 'revoked' });
    await until('it is cut', () => caller.socket.destroyed, 2_000);
    expect(await proxy.ended()).toMatchObject({ outcome: 'aborted_by_revocation' });
  });

  it('when its handle expires, whatever passes', async () => {
    proxy = await WebSocketPath.start();
    const soon = new Date(proxy.path.parts.clock.now().getTime() + 2_000);
    const caller = await proxy.open(undefined, { expiresAt: soon });
    const busy = setInterval(() => caller.send('x'), 20);
    await until('it is cut', () => caller.socket.destroyed).finally(() => {
      clearInterval(busy);
    });
    expect(await proxy.ended()).toMatchObject({ outcome: 'response_cut' });
  });

  it.each<[string, object, string]>([
    ['when nothing passes for the idle time', { idleTimeoutMs: 300 }, 'upstream_timeout'],
    ['after the total time', { totalTimeoutMs: 2_000 }, 'upstream_timeout'],
    ['when the caller sends more than it may', { requestBytesMax: 10_000 }, 'response_cut'],
    ['when the destination sends more than it may', { responseBytesMax: 10_000 }, 'response_cut'],
  ])('%s', async (_, limits, outcome) => {
    proxy = await WebSocketPath.start({}, { registration: { call: { ...CALL, ...limits } } });
    const caller = await proxy.open();
    if (!('idleTimeoutMs' in limits)) {
      const busy = setInterval(() => caller.send('x'.repeat(1_000)), 20);
      void caller.closed.then(() => {
        clearInterval(busy);
      });
    }
    await caller.closed;
    expect(await proxy.ended()).toMatchObject({ outcome });
  });

  it.each(['caller', 'destination'] as const)('when the %s is cut', async (side) => {
    proxy = await WebSocketPath.start();
    const caller = await proxy.open();
    caller.send('x');
    await until('the echo', () => caller.messages.length === 1);
    const [destination] = proxy.backend.sockets;
    if (side === 'caller') caller.socket.resetAndDestroy();
    else destination?.resetAndDestroy();
    await until('both are gone', () => caller.socket.destroyed && destination?.destroyed === true);
    const outcome = side === 'caller' ? 'client_abort' : 'upstream_error';
    expect(await proxy.ended()).toMatchObject({ outcome });
  });

  it('when the proxy stops, at its deadline', async () => {
    proxy = await WebSocketPath.start();
    const caller = await proxy.open();
    await proxy.path.host.close(100);
    await caller.closed;
    expect(caller.socket.destroyed).toBe(true);
  });
});
