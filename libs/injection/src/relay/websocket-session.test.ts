import { Duplex } from 'node:stream';
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

function open() {
  const [caller, destination] = [new Side(), new Side()];
  const parts = { caller, destination, scrubber: undefined, limits: LIMITS, lifeMs: 60_000 };
  const session = new WebSocketSession(parts);
  return { caller, destination, session };
}

describe('a session', () => {
  it('is cut from outside, with the outcome that is said', async () => {
    const { caller, destination, session } = open();
    session.cut('aborted_by_revocation');
    session.cut('ok');
    expect(await session.ended).toBe('aborted_by_revocation');
    expect([caller.destroyed, destination.destroyed]).toEqual([true, true]);
  });

  it('sends nothing any more once it is cut', async () => {
    const { caller, destination, session } = open();
    caller.arrives('x'.repeat(1_001));
    expect(await session.ended).toBe('response_cut');
    destination.emit('data', Buffer.from('late'));
    expect([caller.written, destination.written]).toEqual([[], []]);
  });
});
