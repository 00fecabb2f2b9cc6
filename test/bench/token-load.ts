import { performance } from 'node:perf_hooks';
import { moments } from './poisson.js';
import { quantile } from './quantile.js';
import { TokenConnections, type TokenEndpoint } from './token-endpoint.js';

/** How requests come: so many in flight always, or so many a second whether answers come or not. */
export type TokenLoad =
  | { readonly kind: 'closed'; readonly inFlight: number }
  | { readonly kind: 'open'; readonly perSecond: number };

export interface TokenLoadResult {
  readonly requests: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Of the open load. What finds none free waits, and the wait counts. */
const CONNECTIONS_OPEN = 64;

export const nameOf = (load: TokenLoad): string =>
  load.kind === 'closed' ? `${load.inFlight} in flight` : `${load.perSecond}/s`;

/** Sends each body once. Rejects on the first answer that is not 200 with a token. */
export async function loadTokens(
  endpoint: TokenEndpoint,
  load: TokenLoad,
  bodies: readonly string[],
): Promise<TokenLoadResult> {
  const connections = new TokenConnections(
    endpoint,
    load.kind === 'closed' ? load.inFlight : CONNECTIONS_OPEN,
  );
  const started = performance.now();
  const latenciesMs =
    load.kind === 'closed'
      ? await closedLoop(connections, load.inFlight, bodies)
      : await openLoop(connections, load.perSecond, bodies);
  const seconds = (performance.now() - started) / 1000;
  await connections.close();
  return {
    requests: bodies.length,
    seconds,
    p50Ms: quantile(latenciesMs, 0.5),
    p99Ms: quantile(latenciesMs, 0.99),
  };
}

async function closedLoop(
  connections: TokenConnections,
  inFlight: number,
  bodies: readonly string[],
): Promise<readonly number[]> {
  const latenciesMs: number[] = [];
  const left = bodies.values(); // Shared: each body goes to the worker that asks first.
  const worker = async (): Promise<void> => {
    for (const body of left) {
      const sent = performance.now();
      await connections.ask(body);
      latenciesMs.push(performance.now() - sent);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  return latenciesMs;
}

/**
 * Requests fall due at random moments (Poisson), as those of many callers that know nothing of each other. Latency counts
 * from when a request was due, so that a stalled server, or a late timer here, is not left out.
 */
async function openLoop(
  connections: TokenConnections,
  perSecond: number,
  bodies: readonly string[],
): Promise<readonly number[]> {
  const latenciesMs: number[] = [];
  const answers: Promise<void>[] = [];
  const due = moments(perSecond);
  for (const body of bodies) {
    const { value: since } = await due.next();
    const answer = connections.ask(body).then(() => {
      latenciesMs.push(performance.now() - since);
    });
    answer.catch(() => undefined); // Heard below, when all have been sent.
    answers.push(answer);
  }
  await Promise.all(answers);
  return latenciesMs;
}
