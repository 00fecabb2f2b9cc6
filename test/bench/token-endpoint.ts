import { Pool } from 'undici';

/** A token endpoint, and what is sent to it. */
export interface TokenEndpoint {
  readonly name: string;
  readonly pid: number;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Bodies for so many requests, none of which may be sent twice. */
  bodies(count: number): Promise<readonly string[]>;
  /** Tokens that its database keeps. */
  kept(): Promise<number>;
}

/** Connections to one token endpoint, kept alive. */
export class TokenConnections {
  readonly #pool: Pool;
  readonly #path: string;
  readonly #headers: Record<string, string>;

  constructor({ url, headers }: TokenEndpoint, connections: number) {
    const { origin, pathname } = new URL(url);
    this.#pool = new Pool(origin, { connections, pipelining: 1 });
    this.#path = pathname;
    this.#headers = { ...headers, 'content-type': 'application/x-www-form-urlencoded' };
  }

  /** @throws Error with the answer when it is not 200 with an `access_token`. */
  async ask(body: string): Promise<void> {
    const { status, text } = await this.post(body);
    if (status !== 200 || !hasToken(text)) throw new Error(`${this.#path}: ${status} ${text}`);
  }

  post(body: string): Promise<{ readonly status: number; readonly text: string }> {
    return new Promise((resolve, reject) => {
      let status = 0;
      let text = '';
      this.#pool.dispatch(
        { path: this.#path, method: 'POST', headers: this.#headers, body },
        {
          onRequestStart: () => undefined,
          onResponseStart: (_controller, statusCode) => {
            status = statusCode;
          },
          onResponseData: (_controller, chunk) => {
            text += chunk.toString('latin1');
          },
          onResponseEnd: () => resolve({ status, text }),
          onResponseError: (_controller, error) => reject(error),
        },
      );
    });
  }

  async close(): Promise<void> {
    await this.#pool.close();
  }
}

function hasToken(text: string): boolean {
  const { access_token: token } = JSON.parse(text) as { access_token?: unknown };
  return typeof token === 'string' && token !== '';
}
