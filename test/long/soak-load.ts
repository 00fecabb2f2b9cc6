import { performance } from 'node:perf_hooks';
import { moments } from '../bench/poisson.js';
import { type SoakCalls } from './soak-calls.js';
import { type SoakClient } from './soak-client.js';
import { type SoakWorld } from './soak-world.js';

/** In all, by Poisson: about a quarter of the machine. */
const CALLS_PER_SECOND = 150;
const HANDLES_PER_SECOND = 5;
const UNEXPECTED_KEPT = 100;

/** How often each kind is called, of a thousand. */
const KINDS: readonly (readonly [string, number, (calls: SoakCalls) => Promise<void>])[] = [
  ['plain strict', 300, (calls) => calls.get('strict')],
  ['plain buffered', 300, (calls) => calls.get('buffered')],
  ['post', 80, (calls) => calls.post()],
  ['echo', 60, (calls) => calls.echo()],
  ['form', 30, (calls) => calls.get('form')],
  ['digest', 40, (calls) => calls.get('digest')],
  ['token', 40, (calls) => calls.get('token')],
  ['denied', 60, (calls) => calls.denied()],
  ['raw', 10, (calls) => calls.raw()],
  ['proven', 10, (calls) => calls.proven()],
  ['exhausted', 10, (calls) => calls.exhausted()],
  ['expired', 5, (calls) => calls.expired()],
  ['revoked', 5, (calls) => calls.revoked()],
  ['failing', 10, (calls) => calls.failing()],
  ['broken', 7, (calls) => calls.broken()],
  ['half', 5, (calls) => calls.half()],
  ['slow', 2, (calls) => calls.slow()],
  ['abandon', 8, (calls) => calls.abandon()],
  ['abandon half', 2, (calls) => calls.abandonHalf()],
  ['download', 2, (calls) => calls.download()],
  ['upload', 2, (calls) => calls.upload()],
  ['events', 5, (calls) => calls.events()],
  ['socket', 5, (calls) => calls.socket()],
  ['revoked socket', 2, (calls) => calls.revokedSocket()],
];

/** A plain GET. */
export interface Latency {
  /** Since the load began. */
  readonly dueMs: number;
  /** From when it was due. */
  readonly tookMs: number;
}

export interface LoadTimes {
  readonly seconds: number;
  readonly rotateEverySeconds: number;
  readonly reconnectEverySeconds: number;
}

/** The mixed load: calls fall due whether others have been answered or not. */
export class SoakLoad {
  readonly latencies: Latency[] = [];
  readonly made = new Map<string, number>();
  /** The first ones, each with when it was. */
  readonly unexpected: string[] = [];
  unexpectedCount = 0;
  readonly startedAtMs = performance.now();
  readonly #running = new Set<Promise<void>>();
  #isRunning = true;

  constructor(
    private readonly world: SoakWorld,
    private readonly client: SoakClient,
    private readonly calls: SoakCalls,
  ) {}

  get isRunning(): boolean {
    return this.#isRunning;
  }

  /** Resolves when the time is over and the last call has ended. */
  async run({ seconds, rotateEverySeconds, reconnectEverySeconds }: LoadTimes): Promise<void> {
    const timers = [
      this.#every(1 / HANDLES_PER_SECOND, 'new handle', () => this.world.handles.replaceOne()),
      this.#every(rotateEverySeconds, 'rotation', () => this.world.rotate()),
      this.#every(reconnectEverySeconds, 'reconnect', () => this.client.reconnect()),
    ];
    const endMs = this.startedAtMs + seconds * 1000;
    for await (const dueMs of moments(CALLS_PER_SECOND)) {
      if (dueMs >= endMs) break;
      const [name, , call] = someKind();
      this.#track(name, call(this.calls), dueMs);
    }
    for (const timer of timers) clearInterval(timer);
    await Promise.all(this.#running);
    this.#isRunning = false;
  }

  #every(seconds: number, name: string, work: () => Promise<void>): NodeJS.Timeout {
    return setInterval(() => this.#track(name, work(), performance.now()), seconds * 1000);
  }

  #track(name: string, work: Promise<void>, dueMs: number): void {
    this.made.set(name, (this.made.get(name) ?? 0) + 1);
    const done = work
      .then(
        () => this.#ended(name, dueMs),
        (error: unknown) => this.#notExpected(name, error),
      )
      .finally(() => this.#running.delete(done));
    this.#running.add(done);
  }

  #ended(name: string, dueMs: number): void {
    if (!name.startsWith('plain')) return;
    this.latencies.push({ dueMs: dueMs - this.startedAtMs, tookMs: performance.now() - dueMs });
  }

  #notExpected(name: string, error: unknown): void {
    this.unexpectedCount += 1;
    if (this.unexpected.length >= UNEXPECTED_KEPT) return;
    const atSeconds = ((performance.now() - this.startedAtMs) / 1000).toFixed(1);
    const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    this.unexpected.push(`${name} at ${atSeconds} s: ${what}`);
  }
}

const WEIGHTS = KINDS.reduce((sum, [, weight]) => sum + weight, 0);

function someKind(): (typeof KINDS)[number] {
  let left = Math.random() * WEIGHTS;
  return KINDS.find(([, weight]) => (left -= weight) < 0) ?? KINDS[0]!;
}
