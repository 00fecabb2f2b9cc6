import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { freePort } from './free-port.js';
import { type PosternFolder } from './postern-folder.js';
import { PosternProcess } from './postern-process.js';
import { type TestDatabase } from './postgres.js';

/** One of the STS processes of a deployment. */
export interface StsProcess {
  /** Where it listens; the `publicOrigin` of the deployment is that of all its processes. */
  readonly origin: string;
  readonly process: PosternProcess;
}

/** An STS of this deployment on this database, on ports of its own. Resolves when it is ready. */
export async function startSts(folder: PosternFolder, database: TestDatabase): Promise<StsProcess> {
  const config = parse(readFileSync(folder.configFile, 'utf8')) as Record<string, unknown>;
  const [publicPort, adminPort] = [await freePort(), await freePort()];
  const listen = {
    public: { host: '127.0.0.1', port: publicPort },
    admin: { host: '127.0.0.1', port: adminPort },
  };
  const file = join(folder.folder, `sts-${publicPort}.yaml`);
  writeFileSync(file, stringify({ ...config, listen }));
  const process = new PosternProcess({
    app: 'sts',
    readyUrl: `http://127.0.0.1:${adminPort}/readyz`,
    environment: { POSTERN_CONFIG: file, DATABASE_URL: await database.urlAs('postern_sts') },
  });
  await process.start();
  return { origin: `http://127.0.0.1:${publicPort}`, process };
}
