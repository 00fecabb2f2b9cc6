import { type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { AnchorFolder, FileCheckpointSigner } from '#adapters/files';
import { PostgresAuditLog, type PostgresDatabase } from '#adapters/postgres';
import {
  AnchoredLog,
  Checkpointer,
  CheckpointKeyRefused,
  type CheckpointSigner,
  readPublicKey,
} from '#audit';
import { EventFactory } from '#events';
import { type AppContext, type AuditEntry, requireServers } from '#platform';
import { type CheckpointWatchParts } from './checkpoint-watch.js';

/** What makes checkpoints, and what has to be let go of at the end. */
export interface OpenAudit extends Pick<
  CheckpointWatchParts,
  'log' | 'checkpointer' | 'anchored' | 'everySeconds'
> {
  close(): Promise<void>;
}

interface OpenSigner {
  readonly signer: CheckpointSigner;
  readonly close: () => Promise<void>;
}

/**
 * As `audit` of postern.yaml says; undefined when it says nothing. A key in a file is read now, so that a wrong one
 * refuses the start; Vault is first asked for the first checkpoint, as events must get through without it.
 * @throws ConfigError, CheckpointKeyRefused, VaultSettingsRefused
 */
export async function openAudit(
  context: AppContext,
  database: PostgresDatabase,
  component: 'relay' | 'standalone',
): Promise<OpenAudit | undefined> {
  const { config, clock, log } = context;
  if (config.audit === undefined) {
    log.info('postern.yaml has no audit: no checkpoints are made over the events (docs/audit.md)');
    return undefined;
  }
  const { environment, deployment } = config;
  const { anchorFolder, everySeconds, log: name } = config.audit;
  const auditLog = new PostgresAuditLog(database);
  const { signer, close } = await openSigner(context, config.audit);
  const checkpointer = new Checkpointer({
    ...{ log: auditLog, signer, name },
    events: new EventFactory({ clock, environment, deployment, component }),
    formerKeys: await Promise.all(config.audit.formerKeyFiles.map(publicKeyIn)),
  });
  return {
    ...{ log: auditLog, checkpointer, everySeconds, close },
    ...(anchorFolder === undefined
      ? {}
      : { anchored: new AnchoredLog(auditLog, new AnchorFolder(anchorFolder)) }),
  };
}

/** The signer that `audit.key` names. @throws as `openAudit` */
export async function openSigner(
  { settings, clock, log }: Pick<AppContext, 'settings' | 'clock' | 'log'>,
  { key }: Pick<AuditEntry, 'key'>,
): Promise<OpenSigner> {
  if (key.kind === 'file') {
    const signer = new FileCheckpointSigner(key.path);
    await signer.publicKey();
    return { signer, close: () => Promise.resolve() };
  }
  const { vault } = requireServers(settings, ['vault']);
  // A client that is not used is not loaded: it is not small.
  const { VaultCheckpointSigner } = await import('#adapters/vault');
  const signer = new VaultCheckpointSigner({
    ...{ settings: vault, place: key, clock },
    onProblem: (err) => log.warn({ err }, 'the login at Vault cannot be renewed'),
  });
  return { signer, close: () => signer.close() };
}

async function publicKeyIn(file: string): Promise<KeyObject> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    const reason = (error as NodeJS.ErrnoException).code ?? 'unreadable';
    throw new CheckpointKeyRefused(`audit.formerKeys: ${file} cannot be read (${reason})`);
  });
  return readPublicKey(text).publicKey;
}
