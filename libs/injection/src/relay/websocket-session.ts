import { type Duplex } from 'node:stream';
import { type CallOutcome } from '#events';
import { timerDelay } from '#kernel';
import { type CallLimits } from '../proxied-resource.js';
import { type FrameScrubber } from '../scrub/frame-scrubber.js';

export interface WebSocketSessionParts {
  readonly caller: Duplex;
  readonly destination: Duplex;
  /** Undefined: nothing is scrubbed. */
  readonly scrubber: FrameScrubber | undefined;
  readonly limits: Pick<
    CallLimits,
    'idleTimeoutMs' | 'totalTimeoutMs' | 'requestBytesMax' | 'responseBytesMax'
  >;
  /** At most, from now on; whatever passes. */
  readonly lifeMs: number;
}

/** For the other side to end, when one side has. */
const LINGER_MS = 5_000;

/**
 * The two connections of a call that became a WebSocket. Bytes go both ways with back-pressure until either side ends, or
 * is cut; then the other one is ended too, within 5 s.
 */
export class WebSocketSession {
  #bytesIn = 0;
  #bytesOut = 0;
  #ending = false;
  #closed = 0;
  #outcome: CallOutcome | undefined;
  #settle: (outcome: CallOutcome) => void = () => undefined;
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #idle: NodeJS.Timeout;

  readonly ended = new Promise<CallOutcome>((resolve) => {
    this.#settle = resolve;
  });

  constructor(private readonly parts: WebSocketSessionParts) {
    const { caller, destination, limits, lifeMs } = parts;
    this.#idle = this.#after(limits.idleTimeoutMs, 'upstream_timeout');
    this.#after(limits.totalTimeoutMs, 'upstream_timeout');
    this.#after(lifeMs, 'response_cut');
    this.#follow(caller, destination, 'client_abort');
    this.#follow(destination, caller, 'upstream_error');
    caller.on('data', this.#onCallerBytes).on('end', () => this.#endOf(destination));
    destination.on('data', this.#onDestinationBytes).on('end', () => {
      if (this.parts.scrubber !== undefined) this.#write(this.parts.scrubber.end(), 'out');
      this.#endOf(caller);
    });
  }

  /** From the caller. */
  get bytesIn(): number {
    return this.#bytesIn;
  }

  /** To the caller. */
  get bytesOut(): number {
    return this.#bytesOut;
  }

  get hits(): number {
    return this.parts.scrubber?.hits ?? 0;
  }

  readonly #onCallerBytes = (chunk: Buffer): void => {
    this.#bytesIn += chunk.length;
    if (this.#bytesIn > this.parts.limits.requestBytesMax) this.cut('response_cut');
    else this.#write(chunk, 'in');
  };

  readonly #onDestinationBytes = (chunk: Buffer): void => {
    try {
      const { scrubber, limits } = this.parts;
      const bytes = scrubber === undefined ? chunk : scrubber.push(chunk);
      this.#bytesOut += bytes.length;
      if (this.#bytesOut > limits.responseBytesMax) this.cut('response_cut');
      else this.#write(bytes, 'out');
    } catch {
      this.cut('response_cut'); // Frames that cannot be searched.
    }
  };

  #write(bytes: Buffer, way: 'in' | 'out'): void {
    const { caller, destination } = this.parts;
    const [from, to] = way === 'in' ? [caller, destination] : [destination, caller];
    this.#passed();
    if (this.#outcome !== undefined || bytes.length === 0 || !to.writable || to.write(bytes))
      return;
    from.pause();
    to.once('drain', () => {
      this.#passed();
      from.resume();
    });
  }

  #passed(): void {
    if (!this.#ending && this.#outcome === undefined) this.#idle.refresh();
  }

  #endOf(other: Duplex): void {
    if (this.#outcome !== undefined) return;
    this.#ending = true;
    clearTimeout(this.#idle);
    if (other.writable) other.end();
    this.#after(LINGER_MS, 'ok');
  }

  /** Either side that goes without having ended cuts the other. */
  #follow(side: Duplex, other: Duplex, broken: CallOutcome): void {
    side.on('error', () => {
      this.cut(broken);
    });
    side.on('close', () => {
      this.#closed += 1;
      if (!side.readableEnded) this.cut(broken);
      else if (this.#closed === 2) this.cut('ok');
      else if (other.writable) other.end();
    });
  }

  #after(delayMs: number, outcome: CallOutcome): NodeJS.Timeout {
    const cut = (): void => {
      this.cut(outcome);
    };
    const timer = setTimeout(cut, timerDelay(delayMs));
    this.#timers.push(timer);
    return timer;
  }

  /** Nothing goes either way any more. */
  cut(outcome: CallOutcome): void {
    if (this.#outcome !== undefined) return;
    this.#outcome = outcome;
    for (const timer of this.#timers) clearTimeout(timer);
    this.parts.caller.destroy();
    this.parts.destination.destroy();
    this.#settle(outcome);
  }
}
