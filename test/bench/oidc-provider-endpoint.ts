import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { freePort } from '../support/free-port.js';
import { until } from '../support/until.js';
import { type BenchPostgres } from './bench-postgres.js';
import { type Running } from './running.js';
import { type TokenEndpoint } from './token-endpoint.js';

const CLIENT_ID = 'bench-client';
const BODY = 'grant_type=client_credentials&scope=ledger.read';

/** The yardstick: npm `oidc-provider` in a process, opaque tokens by client credentials, kept in the same PostgreSQL. */
export async function startOidcProvider(
  postgres: BenchPostgres,
  running: Running,
): Promise<TokenEndpoint> {
  const port = await freePort();
  const clientSecret = randomBytes(32).toString('base64url');
  const child = spawn(process.execPath, ['dist/test/bench/peers/oidc-provider.js'], {
    env: {
      ...process.env,
      NODE_ENV: 'production',
      BENCH_PORT: String(port),
      BENCH_DATABASE_URL: postgres.database.url,
      BENCH_CLIENT_ID: CLIENT_ID,
      BENCH_CLIENT_SECRET: clientSecret,
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  running.add(() => void child.kill('SIGKILL'));
  const origin = `http://127.0.0.1:${port}`;
  await until('oidc-provider answers', () => {
    if (child.exitCode !== null) throw new Error('oidc-provider ended');
    return fetch(`${origin}/.well-known/openid-configuration`).then(
      (response) => response.ok,
      () => false,
    );
  });
  const credentials = Buffer.from(`${CLIENT_ID}:${clientSecret}`).toString('base64');
  return {
    name: 'oidc-provider, opaque',
    pid: child.pid ?? 0,
    url: `${origin}/token`,
    headers: { authorization: `Basic ${credentials}` },
    bodies: async (count) => Array.from({ length: count }, () => BODY),
    kept: () => postgres.count('yardstick.payload'),
  };
}
