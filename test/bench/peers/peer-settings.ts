export interface PeerSettings {
  readonly destination: string;
  readonly port: number;
  readonly authorization: string;
}

/** What the bench hands to each peer process. */
export function peerSettings(): PeerSettings {
  const BENCH_DESTINATION = process.env['BENCH_DESTINATION'];
  const BENCH_PORT = process.env['BENCH_PORT'];
  const BENCH_AUTHORIZATION = process.env['BENCH_AUTHORIZATION'];
  if (
    BENCH_DESTINATION === undefined ||
    BENCH_PORT === undefined ||
    BENCH_AUTHORIZATION === undefined
  ) {
    throw new Error('a bench peer is started by `npm run bench`');
  }
  return {
    destination: BENCH_DESTINATION,
    port: Number(BENCH_PORT),
    authorization: BENCH_AUTHORIZATION,
  };
}
