import { Duplex } from 'node:stream';
import { CallDenied } from '../call-denied.js';
import { WebSocketSession } from './websocket-session.js';

/** One side of a connection: `arrives` is what it sends us, `written` what we sent it. */
class Side extends Duplex {
  readonly written: string[] = [];

  arrives(text: string): void {
    this.push(Buffer.from(text));
  }

  override _read(): void {
    // What arrives is pushed by the test.
  }

  override _write(chunk: Buffer, _encoding: string, callback: () => void): void {
    this.written.push(chunk.toString());
    callback();
  }
}

const LIMITS = {
  ...{ idleTimeoutMs: 60_000, totalTimeoutMs: 60_000 },
  ...{ requestBytesMax: 1_000, responseBytesMax: 1_000 },
};
const away = new CallDenied({
  code: 'dependency-unavailable',
  reason: 'dependency_unavailable',
  detail: 'away',
});
const revoked = new CallDenied({ code: 'invalid_token', reason: 'revoked', detail: 'revoked' });

function open(assertLive: () => Promise<void>) {
  const [caller, destination] = [new Side(), new Side()];
  const session = new WebSocketSession({
    ...{ caller, destination, scrubber: undefined, limits: LIMITS },
    guard: { lifeMs: 60_000, lookEveryMs: 5, assertLive },
  });
  return { caller, destination, session };
}

describe('a session', () => {
  it('is cut when its handle is not live any more', async () => {
    const { caller, destination, session } = open(() => Promise.reject(revoked));
    expect(await session.ended).toBe('response_cut');
    expect([caller.destroyed, destination.destroyed]).toEqual([true, true]);
  });

  it('goes on while its handle cannot be looked up, and is cut when that lasts', async () => {
    let looks = 0;
    const { session } = open(() => {
      looks += 1;
      return Promise.reject(away);
    });
    expect(await session.ended).toBe('response_cut');
    expect(looks).toBe(20);
  });

  it('begins to count anew with each look that is answered', async () => {
    let looks = 0;
    const { session } = open(() => {
      looks += 1;
      return looks === 15 ? Promise.resolve() : Promise.reject(away);
    });
    expect(await session.ended).toBe('response_cut');
    expect(looks).toBe(35);
  });

  it('asks one look at a time', async () => {
    let [looks, most, turn] = [0, 0, 0];
    const { session } = open(async () => {
      looks += 1;
      most = Math.max(most, looks);
      await new Promise((resolve) => setTimeout(resolve, 20));
      looks -= 1;
      turn += 1;
      if (turn === 3) throw revoked;
    });
    await session.ended;
    expect(most).toBe(1);
  });

  it('sends nothing any more once it is cut', async () => {
    const { caller, destination, session } = open(() => Promise.resolve());
    caller.arrives('x'.repeat(1_001));
    expect(await session.ended).toBe('response_cut');
    destination.emit('data', Buffer.from('late'));
    expect([caller.written, destination.written]).toEqual([[], []]);
  });
});
