// npm oidc-provider as the yardstick of the exchange: opaque access tokens by client credentials, in PostgreSQL.
import { createServer } from 'node:http';
import { exportJWK, generateKeyPair } from 'jose';
import Provider from 'oidc-provider';
import pg from 'pg';
import { PostgresPayloads } from './postgres-payloads.js';

const CONNECTIONS = 10; // As many as Postern's pool has.

function setting(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error('a bench peer is started by `npm run bench`');
  return value;
}

const pool = new pg.Pool({ connectionString: setting('BENCH_DATABASE_URL'), max: CONNECTIONS });
await PostgresPayloads.prepare(pool);
const port = Number(setting('BENCH_PORT'));
const { privateKey } = await generateKeyPair('ES256', { extractable: true });

const provider = new Provider(`http://127.0.0.1:${port}`, {
  adapter: (model: string) => new PostgresPayloads(pool, model),
  jwks: { keys: [{ ...(await exportJWK(privateKey)), alg: 'ES256', use: 'sig' }] },
  cookies: { keys: ['not used by this grant'] },
  clients: [
    {
      client_id: setting('BENCH_CLIENT_ID'),
      client_secret: setting('BENCH_CLIENT_SECRET'),
      token_endpoint_auth_method: 'client_secret_basic',
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
      id_token_signed_response_alg: 'ES256',
      scope: 'ledger.read',
    },
  ],
  scopes: ['ledger.read'],
  ttl: { ClientCredentials: 300 },
  clientBasedCORS: () => false,
  features: { devInteractions: { enabled: false }, clientCredentials: { enabled: true } },
});
const answer = provider.callback();
createServer((request, response) => void answer(request, response)).listen(port, '127.0.0.1');
