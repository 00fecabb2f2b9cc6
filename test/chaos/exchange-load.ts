import { performance } from 'node:perf_hooks';
import { decodeJwt } from 'jose';
import { type PosternFolder } from '../support/postern-folder.js';
import { postExchange } from '../support/post-exchange.js';

const REST_MS_MIN = 5;

/** Exchanges over HTTP, one after the other from each of a few callers, until they are told to stop. */
export class ExchangeLoad {
  /** `jti` of subject tokens whose exchange was answered by a handle. */
  readonly permitted: string[] = [];
  /** `jti` of tokens that were presented again, and refused. */
  readonly replayed: string[] = [];
  /** Answered by 503. */
  unavailable = 0;
  /** No answer came: the process had died. */
  unanswered = 0;
  /** Milliseconds of each exchange that was permitted. */
  latenciesMs: number[] = [];
  private going = true;
  private callers: Promise<void>[] = [];

  constructor(
    private readonly folder: PosternFolder,
    /** Where to ask; called for each exchange. */
    private readonly origin: () => string,
  ) {}

  start(callers: number, restMs = REST_MS_MIN): void {
    this.callers = Array.from({ length: callers }, () => this.call(restMs));
  }

  async stop(): Promise<void> {
    this.going = false;
    await Promise.all(this.callers);
  }

  private async call(restMs: number): Promise<void> {
    for (let turn = 0; this.going; turn += 1) {
      await this.exchange(turn % 3 === 0);
      await new Promise((resolve) => setTimeout(resolve, restMs));
    }
  }

  private async exchange(again: boolean): Promise<void> {
    const token = await this.folder.issuer.mint('settler');
    const jti = decodeJwt(token).jti!;
    const beganMs = performance.now();
    const status = await this.post(token);
    if (status !== 200) return;
    this.latenciesMs.push(performance.now() - beganMs);
    this.permitted.push(jti);
    if (again && (await this.post(token)) === 400) this.replayed.push(jti);
  }

  private async post(token: string): Promise<number> {
    const { status } = await postExchange(this.origin(), token).catch(() => ({ status: 0 }));
    if (status === 0) this.unanswered += 1;
    if (status === 503) this.unavailable += 1;
    return status;
  }
}
