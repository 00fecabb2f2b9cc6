import { performance } from 'node:perf_hooks';
import { CHANGE_MS_MAX, TargetUnreachable } from '#rotation';

/** Of reading the privileged account, connecting, logging in and changing. Some is left of CHANGE_MS_MAX for what follows. */
export const TOTAL_MS_MAX = CHANGE_MS_MAX - 1_000;
/** To a connection that is protected and logged in. */
export const CONNECT_MS_MAX = 4_000;
/** Of one statement, at the server: one that we do not wait for any more must not take effect later. */
export const STATEMENT_MS_MAX = 4_000;

/**
 * What `work` gives, or TargetUnreachable when it takes longer than TOTAL_MS_MAX. At that moment the signal is aborted:
 * the work closes what it has open.
 */
export async function withinLimit<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  ENDS_MS.set(controller.signal, performance.now() + TOTAL_MS_MAX);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new TargetUnreachable(`the legacy system gave no answer within ${TOTAL_MS_MAX} ms`));
      controller.abort();
    }, TOTAL_MS_MAX);
  });
  const done = work(controller.signal);
  done.catch(() => undefined); // After the limit nobody waits for it any more.
  try {
    return await Promise.race([done, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** When the limit of each work is over: a process that stood still looks at the clock before any timer of it runs. */
const ENDS_MS = new WeakMap<AbortSignal, number>();

/**
 * To be asked right before anything is changed: nobody waits for it any more after the limit, and what is begun then may
 * take the place of a value that calls use by now. @throws TargetUnreachable
 */
export function assertInTime(signal: AbortSignal): void {
  if (!signal.aborted && performance.now() < (ENDS_MS.get(signal) ?? Infinity)) return;
  throw new TargetUnreachable(`nothing is begun later than after ${TOTAL_MS_MAX} ms`);
}

/** Destroys the connection at the limit; gives it back. After the limit none is made. @throws TargetUnreachable */
export function cutAtLimit<Connection extends { destroy(): unknown }>(
  connection: Connection,
  signal: AbortSignal,
): Connection {
  const cut = (): void => void connection.destroy();
  // A connection that was destroyed before it is opened would be opened all the same.
  if (signal.aborted) cut();
  assertInTime(signal);
  signal.addEventListener('abort', cut, { once: true });
  return connection;
}
