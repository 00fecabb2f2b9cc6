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

/** Destroys the connection at the limit; gives it back. */
export function cutAtLimit<Connection extends { destroy(): unknown }>(
  connection: Connection,
  signal: AbortSignal,
): Connection {
  const cut = (): void => void connection.destroy();
  if (signal.aborted) cut();
  else signal.addEventListener('abort', cut, { once: true });
  return connection;
}
