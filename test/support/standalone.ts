import { join } from 'node:path';
import { type FolderOptions, makePosternFolder, type PosternFolder } from './postern-folder.js';
import { PosternProcess, runCli } from './postern-process.js';
import { copySealedFolder, type SealedLogin } from './sealed-folder.js';

/** A standalone Postern in a folder of its own, with the secret of `ledger` sealed. */
export interface Standalone extends PosternFolder {
  readonly process: PosternProcess;
  readonly environment: Readonly<Record<string, string>>;
  /** Starts the process; the first time it also seals the secret. */
  start(): Promise<void>;
}

export interface StandaloneOptions extends FolderOptions, SealedLogin {
  /** Nothing is copied: its first start is that of a new installation. */
  readonly fresh?: boolean;
  /** Of its process besides, such as KAFKA_BROKERS. */
  readonly environment?: Readonly<Record<string, string>>;
}

export async function makeStandalone(options: StandaloneOptions): Promise<Standalone> {
  const folder = await makePosternFolder(options);
  const environment = {
    POSTERN_CONFIG: folder.configFile,
    POSTERN_DATA_FOLDER: join(folder.folder, 'data'),
    LOG_LEVEL: 'info',
    ...options.environment,
  };
  const process = new PosternProcess({
    app: 'standalone',
    environment,
    readyUrl: `${folder.adminOrigin}/readyz`,
  });
  let sealed = false;
  const start = async (): Promise<void> => {
    if (!sealed && options.fresh === true) seal(options, environment);
    else if (!sealed) copySealedFolder(environment, options, seal);
    sealed = true;
    await process.start();
  };
  return { ...folder, process, environment, start };
}

/** Makes the data folder, too. */
function seal(login: SealedLogin, environment: Readonly<Record<string, string>>): void {
  const { username, password } = login;
  const { status, stderr } = runCli(['seal', 'put', 'secret/legacy/ledger', '--if-absent'], {
    environment,
    input: JSON.stringify({ username, password }),
  });
  if (status !== 0) throw new Error(`seal put failed: ${stderr}`);
}
