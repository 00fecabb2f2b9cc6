import { Client, type Dispatcher, Pool } from 'undici';

const CONNECTIONS = 64;

export interface Asked {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
}

export interface Answered {
  readonly status: number;
  /** Of Postern; undefined when the destination answered. */
  readonly code: string | undefined;
  readonly body: Buffer;
}

/** Callers of the proxy: they keep their connections for a while, or have one for a call. */
export class SoakClient {
  #pool: Pool;

  constructor(private readonly origin: string) {
    this.#pool = this.#open();
  }

  ask(path: string, asked: Asked = {}): Promise<Answered> {
    return answerOf(this.begin(path, asked));
  }

  /** On a connection of its own. */
  async askOnce(path: string, asked: Asked = {}): Promise<Answered> {
    const client = new Client(this.origin);
    return answerOf(client.request(optionsOf(path, asked))).finally(() => client.destroy());
  }

  /** Resolves when the answer begins; its body is left to whoever asks. */
  begin(path: string, asked: Asked = {}, signal?: AbortSignal): Promise<Dispatcher.ResponseData> {
    return this.#pool.request({
      ...optionsOf(path, asked),
      ...(signal === undefined ? {} : { signal }),
    });
  }

  /** Lets all connections go; calls in flight end on theirs. */
  async reconnect(): Promise<void> {
    const before = this.#pool;
    this.#pool = this.#open();
    await before.close();
  }

  async close(): Promise<void> {
    await this.#pool.close();
  }

  #open(): Pool {
    return new Pool(this.origin, { connections: CONNECTIONS, pipelining: 1 });
  }
}

const optionsOf = (path: string, { method = 'GET', headers = {}, body }: Asked) => ({
  path,
  method,
  headers: { ...headers },
  body: body ?? null,
});

async function answerOf(begun: Promise<Dispatcher.ResponseData>): Promise<Answered> {
  const { statusCode: status, headers, body } = await begun;
  const code = headers['postern-error'];
  return {
    status,
    code: typeof code === 'string' ? code : undefined,
    body: Buffer.from(await body.arrayBuffer()),
  };
}
