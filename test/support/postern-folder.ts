import { chmodSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { freePort } from './free-port.js';
import { WorkloadIssuer } from './workload-issuer.js';

export interface FolderOptions {
  /** Where the resource `ledger` is, such as `http://127.0.0.1:8091/api`. */
  readonly destination: string;
  /** Replaces or adds top-level settings of postern.yaml. */
  readonly overrides?: Readonly<Record<string, unknown>>;
  /** Listeners of apps that have their own, by the name of the app. */
  readonly listen?: Readonly<Record<string, unknown>>;
  /** Replaces or adds settings of the resource `ledger`. */
  readonly resource?: Readonly<Record<string, unknown>>;
}

/** A folder with a postern.yaml, the keys of one issuer and two grants, for processes that tests start. */
export interface PosternFolder {
  readonly folder: string;
  readonly configFile: string;
  readonly publicOrigin: string;
  readonly adminOrigin: string;
  readonly issuer: WorkloadIssuer;
  /** Writes one grant file; the change is picked up by running processes. */
  writeGrant(grant: Readonly<Record<string, unknown> & { id: string }>): void;
}

const REVIEW_BY = '2027-12-31';

export async function makePosternFolder(options: FolderOptions): Promise<PosternFolder> {
  const folder = mkdtempSync(join(tmpdir(), 'postern-test-'));
  chmodSync(folder, 0o755); // An embedded PostgreSQL below it may run as another account.
  mkdirSync(join(folder, 'grants'));
  const [publicPort, adminPort] = [await freePort(), await freePort()];
  const publicOrigin = `http://127.0.0.1:${publicPort}`;
  const issuer = await WorkloadIssuer.create('https://issuer.test', publicOrigin);
  writeFileSync(join(folder, 'jwks.json'), issuer.jwks);
  const configFile = join(folder, 'postern.yaml');
  const config = {
    environment: 'dev',
    publicOrigin,
    listen: {
      public: { host: '127.0.0.1', port: publicPort },
      admin: { host: '127.0.0.1', port: adminPort },
      ...options.listen,
    },
    grants: './grants',
    issuers: [issuerSettings(issuer.issuer)],
    resources: [{ ...resourceSettings(options.destination), ...options.resource }],
    ...options.overrides,
  };
  writeFileSync(configFile, stringify(config));
  const writeGrant: PosternFolder['writeGrant'] = (grant) =>
    writeFileSync(join(folder, 'grants', `${grant.id}.yaml`), stringify(grant));
  writeGrant(grantSettings('settler-ledger', 'settler', 'ledger', ['ledger.read', 'ledger.echo']));
  writeGrant(
    grantSettings('operator-postern', 'operator', 'postern', [
      'introspect',
      'admin.read',
      'admin.revoke',
    ]),
  );
  const adminOrigin = `http://127.0.0.1:${adminPort}`;
  return { folder, configFile, publicOrigin, adminOrigin, issuer, writeGrant };
}

const issuerSettings = (issuer: string): Record<string, unknown> => ({
  id: 'test-issuer',
  kind: 'oidc',
  issuer,
  keys: { file: './jwks.json' },
  algorithms: ['ES256'],
  types: ['JWT'],
  subjects: 'workload',
  tokenUse: 'once',
  maxLifetime: '10m',
  maxAge: '10m',
  clockSkew: '30s',
  owner: 'platform@example',
  purpose: 'Workloads of the tests',
  reviewBy: REVIEW_BY,
});

const resourceSettings = (destination: string): Record<string, unknown> => ({
  id: 'ledger',
  environment: 'dev',
  owner: 'core-banking@example',
  connector: 'http',
  destination,
  network: { allowPrivate: true },
  credential: { ref: { mount: 'secret', path: 'legacy/ledger' } },
  inject: { as: 'basic', username: 'username', password: 'password' },
  presentations: ['bearer'],
  scopes: {
    'ledger.read': ['GET /accounts/{id}', 'GET /entries/{id}'],
    'ledger.post': ['POST /entries'],
    'ledger.echo': ['GET /accounts/{id}/debug'],
  },
  handle: { ttl: '5m', maxTtl: '15m', maxCalls: 100_000, binding: 'none' },
  call: {
    timeout: '30s',
    maxRequestBytes: '10MiB',
    maxResponseBytes: 'unlimited',
    audit: 'strict',
  },
  response: { scrub: 'stream' },
});

/** A grant that is in order, with the tests that a grant must carry. */
export const grantSettings = (
  id: string,
  subject: string,
  resource: string,
  scopes: readonly string[],
): Record<string, unknown> & { id: string } => ({
  id,
  version: 1,
  purpose: `${subject} uses ${resource}, in tests`,
  owner: 'payments@example',
  approvedBy: ['core-banking@example'],
  pattern: 'federation',
  created: '2026-11-01',
  reviewBy: REVIEW_BY,
  subject: { issuer: 'test-issuer', id: subject },
  resource,
  scopes: [...scopes],
  defaultScopes: [scopes[0]],
  maxTtl: '5m',
  binding: 'none',
  bindingJustification: 'tests on loopback',
  maxChainDepth: 0,
  tests: [
    { permit: { subject, scope: scopes[0] } },
    { deny: { subject: `${subject}2`, scope: scopes[0] } },
    { deny: { subject: `x${subject}`, scope: scopes[0] } },
    { deny: { subject: subject.toUpperCase(), scope: scopes[0] } },
  ],
});
