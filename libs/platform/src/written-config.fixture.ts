import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { type AppName } from './app-name.js';
import { ConfigError } from './config-error.js';
import { loadConfig } from './load-config.js';
import { type PosternConfig } from './postern-config.js';

/** A postern.yaml as it is written, open for a test to break. */
export type WrittenConfig = Record<string, unknown> & {
  listen: Record<string, unknown>;
  issuers: Record<string, unknown>[];
  resources: (Record<string, unknown> & {
    inject: Record<string, unknown>;
    scopes: Record<string, unknown>;
    handle: Record<string, unknown>;
    call: Record<string, unknown>;
  })[];
};

/** One issuer, one resource, nothing that has a default. */
export const writtenConfig = (): WrittenConfig => ({
  environment: 'prod',
  publicOrigin: 'https://postern.example',
  listen: {
    public: { host: '127.0.0.1', port: 8080 },
    admin: { host: '127.0.0.1', port: 8081 },
  },
  grants: './grants',
  issuers: [writtenIssuer()],
  resources: [writtenResource()],
});

export const writtenIssuer = (): Record<string, unknown> => ({
  id: 'k8s-prod',
  kind: 'oidc',
  issuer: 'https://k8s.prod.example',
  keys: { discovery: true },
  algorithms: ['ES256', 'RS256'],
  subjects: 'workload',
  tokenUse: 'once',
  maxLifetime: '1h',
  maxAge: '1h',
  owner: 'platform@example',
  purpose: 'Kubernetes service accounts of the production cluster',
  reviewBy: '2027-03-31',
});

export const writtenResource = (): WrittenConfig['resources'][number] => ({
  id: 'ledger',
  environment: 'prod',
  owner: 'core-banking@example',
  destination: 'https://ledger.internal:8443/api',
  credential: { ref: { mount: 'secret', path: 'legacy/ledger' } },
  inject: { as: 'basic', username: 'username', password: 'password' },
  scopes: { 'ledger.read': ['GET /accounts/**'] },
  handle: {},
  call: {},
});

/** The file `postern.yaml` in a folder of its own. */
export class ConfigFolder {
  readonly folder = mkdtempSync(join(tmpdir(), 'postern-config-'));
  readonly file = join(this.folder, 'postern.yaml');

  load(written: string | Uint8Array | WrittenConfig, app?: AppName): PosternConfig {
    const isContent = typeof written === 'string' || written instanceof Uint8Array;
    writeFileSync(this.file, isContent ? written : stringify(written));
    return loadConfig(this.file, app);
  }

  /** The lines that an operator gets, each without the name of the file, which is the same in all. */
  problemsOf(written: string | Uint8Array | WrittenConfig): readonly string[] {
    return this.linesOf(() => this.load(written));
  }

  linesOf(load: () => unknown): readonly string[] {
    const failure = this.#failureOf(load);
    if (!(failure instanceof ConfigError)) throw new Error('no ConfigError', { cause: failure });
    return failure.message.split('\n').map((line) => line.replace(`${this.file}: `, ''));
  }

  #failureOf(load: () => unknown): unknown {
    try {
      load();
      return undefined;
    } catch (error) {
      return error;
    }
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }
}
