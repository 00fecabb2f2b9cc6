import { performance } from 'node:perf_hooks';
import { Pool } from 'undici';
import { moments } from './poisson.js';
import { quantile } from './quantile.js';

/** A request that is sent again and again. */
export interface LoadRequest {
  readonly url: string;
  readonly headers: Record<string, string>;
  /** Default GET. */
  readonly method?: 'GET' | 'POST';
  readonly body?: Buffer;
  /** What every answer must be. Default 200. */
  readonly status?: number;
}

export interface LoadResult {
  readonly requests: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

interface Connections {
  ask(): Promise<void>;
  close(): Promise<void>;
}

/** Keeps `connections` requests in flight for `seconds`. Rejects on the first answer that is not as it should be. */
export async function load(
  request: LoadRequest & { readonly connections: number; readonly seconds: number },
): Promise<LoadResult> {
  const connections = connect(request, request.connections);
  const latenciesMs: number[] = [];
  const started = performance.now();
  const end = started + request.seconds * 1000;
  const worker = async (): Promise<void> => {
    while (performance.now() < end) {
      const sent = performance.now();
      await connections.ask();
      latenciesMs.push(performance.now() - sent);
    }
  };
  await Promise.all(Array.from({ length: request.connections }, worker));
  return result(latenciesMs, started, connections);
}

/**
 * Requests fall due at random moments (Poisson), whether answers come or not. Latency counts from when a request was due,
 * so that a stalled server, or a late timer here, is not left out.
 */
export async function openLoad(
  request: LoadRequest & {
    readonly connections: number;
    readonly seconds: number;
    readonly perSecond: number;
  },
): Promise<LoadResult> {
  const connections = connect(request, request.connections);
  const latenciesMs: number[] = [];
  const answers: Promise<void>[] = [];
  const started = performance.now();
  const end = started + request.seconds * 1000;
  for await (const due of moments(request.perSecond)) {
    if (due >= end) break;
    const answer = connections.ask().then(() => void latenciesMs.push(performance.now() - due));
    answer.catch(() => undefined); // Heard below, when all have been sent.
    answers.push(answer);
  }
  await Promise.all(answers);
  return result(latenciesMs, started, connections);
}

async function result(
  latenciesMs: readonly number[],
  started: number,
  connections: Connections,
): Promise<LoadResult> {
  const seconds = (performance.now() - started) / 1000;
  await connections.close();
  return {
    requests: latenciesMs.length,
    seconds,
    p50Ms: quantile(latenciesMs, 0.5),
    p99Ms: quantile(latenciesMs, 0.99),
  };
}

function connect(request: LoadRequest, connections: number): Connections {
  const { origin, pathname } = new URL(request.url);
  const pool = new Pool(origin, { connections, pipelining: 1 });
  const expected = request.status ?? 200;
  return {
    ask: async () => {
      const status = await once(pool, pathname, request);
      if (status !== expected)
        throw new Error(`${request.url} answered ${status}, not ${expected}`);
    },
    close: () => pool.close(),
  };
}

function once(
  pool: Pool,
  path: string,
  { method = 'GET', headers, body }: LoadRequest,
): Promise<number> {
  return new Promise((resolve, reject) => {
    let status = 0;
    pool.dispatch(
      { path, method, headers, body: body ?? null },
      {
        onRequestStart: () => undefined,
        onResponseStart: (_controller, statusCode) => {
          status = statusCode;
        },
        onResponseData: () => undefined,
        onResponseEnd: () => resolve(status),
        onResponseError: (_controller, error) => reject(error),
      },
    );
  });
}
