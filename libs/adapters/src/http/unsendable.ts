/** Why a request is not sent at all: it would not go where it was judged to go, or there is nothing to send it by. */
export function unsendable(pool: object | undefined, path: string): string | undefined {
  if (pool === undefined) return 'no connection is opened any more';
  return path.startsWith('/') && !path.startsWith('//') ? undefined : 'not an origin path';
}
