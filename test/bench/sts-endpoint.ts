import { exportJWK } from 'jose';
import { grantSettings, makePosternFolder, type PosternFolder } from '../support/postern-folder.js';
import { PosternProcess } from '../support/postern-process.js';
import { type BenchPostgres } from './bench-postgres.js';
import { type Running } from './running.js';
import { TokenConnections, type TokenEndpoint } from './token-endpoint.js';
import { mintTokens } from './token-mint.js';

const SUBJECTS = 'abcdefghijklmnop'.split('').map((letter) => `workload-${letter}`);
const SUBJECT_TOKEN_LIFETIME_SECONDS = 300;
const GRANT_TYPE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const JWT_TYPE = 'urn:ietf:params:oauth:token-type:jwt';

/**
 * The built app `sts` as in production: the rights of its own role, its own pool, an issuer with ES256 keys whose tokens
 * may be used once, and a grant for each of 16 workloads.
 */
export async function startSts(postgres: BenchPostgres, running: Running): Promise<TokenEndpoint> {
  const folder = await makePosternFolder({ destination: 'http://127.0.0.1:9/' });
  for (const subject of SUBJECTS) {
    folder.writeGrant(grantSettings(`${subject}-ledger`, subject, 'ledger', ['ledger.read']));
  }
  const sts = new PosternProcess({
    app: 'sts',
    environment: {
      NODE_ENV: 'production',
      POSTERN_CONFIG: folder.configFile,
      DATABASE_URL: await postgres.database.urlAs('postern_sts'),
    },
    readyUrl: `${folder.adminOrigin}/readyz`,
  });
  running.add(() => sts.stop());
  await sts.start();
  const endpoint: TokenEndpoint = {
    name: 'Postern, once, ES256',
    pid: sts.pid,
    url: `${folder.publicOrigin}/oauth2/token`,
    headers: {},
    bodies: (count) => exchangeBodies(folder, count),
    kept: () => keptHandles(postgres),
  };
  await assertOnce(endpoint);
  return endpoint;
}

async function exchangeBodies(folder: PosternFolder, count: number): Promise<readonly string[]> {
  const { privateKey, kid } = folder.issuer.signingKey;
  const tokens = await mintTokens({
    privateJwk: await exportJWK(privateKey),
    keyId: kid,
    issuer: folder.issuer.issuer,
    audience: folder.publicOrigin,
    subjects: SUBJECTS,
    count,
    lifetimeSeconds: SUBJECT_TOKEN_LIFETIME_SECONDS,
  });
  const form = { grant_type: GRANT_TYPE, subject_token_type: JWT_TYPE, audience: 'ledger' };
  const fixed = new URLSearchParams({ ...form, scope: 'ledger.read' }).toString();
  return tokens.map((token) => `${fixed}&subject_token=${token}`);
}

/** A bench of something that forgets what was used would measure nothing. */
async function assertOnce(endpoint: TokenEndpoint): Promise<void> {
  const connections = new TokenConnections(endpoint, 1);
  const [body = ''] = await endpoint.bodies(1);
  await connections.ask(body);
  const again = await connections.post(body);
  await connections.close();
  if (again.status !== 400) throw new Error(`a token was exchanged twice: ${again.status}`);
}

/** Each exchange left a handle, a use of its subject token, and its events. */
async function keptHandles(postgres: BenchPostgres): Promise<number> {
  const handles = await postgres.count('public.handle');
  const uses = await postgres.count('public.subject_token_use');
  const events = await postgres.count(`public.outbox where type like '%.issued%'`);
  if (handles !== uses || handles !== events) {
    throw new Error(`${handles} handles, ${uses} uses, ${events} events: not one for each`);
  }
  return handles;
}
