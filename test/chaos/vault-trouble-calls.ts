import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { type LegacyAccount } from '#testing';

const CALLERS = 3;
const PACE_MS = 20;

/** A legacy system that asks for Basic, and lets in who comes with a value that the account has. */
export class BasicBackend {
  /** Calls that were let in, by password. */
  readonly letIn = new Map<string, number>();
  readonly #server: Server;

  private constructor(account: LegacyAccount) {
    this.#server = createServer((request, response) => {
      const [, encoded = ''] = (request.headers.authorization ?? '').split(' ');
      const [, password = ''] = Buffer.from(encoded, 'base64').toString().split(':');
      const isValid = account.valid.has(password);
      if (isValid) this.letIn.set(password, (this.letIn.get(password) ?? 0) + 1);
      response.writeHead(isValid ? 200 : 401).end('{}');
    });
  }

  static async start(account: LegacyAccount): Promise<BasicBackend> {
    const backend = new BasicBackend(account);
    await once(backend.#server.listen(0, '127.0.0.1'), 'listening');
    return backend;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

/** Callers of a proxy that never pause for long, and what came of their calls. */
export class SteadyCallers {
  accepted = 0;
  /** Statuses other than 200, and calls without an answer. */
  readonly failures: string[] = [];
  #isOver = false;
  readonly #callers: readonly Promise<void>[];

  constructor(
    private readonly url: string,
    private readonly handle: string,
  ) {
    this.#callers = Array.from({ length: CALLERS }, () => this.#keepCalling());
  }

  async end(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#callers);
  }

  async #keepCalling(): Promise<void> {
    while (!this.#isOver) {
      const failure = await this.#call().catch((error: unknown) => String(error));
      if (failure === undefined) this.accepted += 1;
      else this.failures.push(failure);
      await pause(PACE_MS);
    }
  }

  async #call(): Promise<string | undefined> {
    const headers = { authorization: `Bearer ${this.handle}` };
    const response = await fetch(this.url, { headers });
    const text = await response.text();
    return response.status === 200 ? undefined : `${response.status} ${text}`;
  }
}
