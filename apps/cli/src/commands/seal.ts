import { type Command } from 'commander';
import { z } from 'zod';
import { SealedSecretStore } from '#adapters/embedded';
import { SecretNotFound, type SecretRef } from '#credentials';
import { Secret } from '#kernel';
import { loadSettings } from '#platform/start';
import { withDatabase } from '../database.js';
import { readInput } from '../input.js';
import { UsageError } from '../usage-error.js';

const fieldsSchema = z.record(z.string().min(1), z.string());

/** `postern seal put <mount>/<path>`: a new version of a secret in the embedded store. */
export function addSeal(program: Command): void {
  program
    .command('seal')
    .description('the embedded sealed store of standalone')
    .command('put <mount/path>')
    .description(
      'seal a new version; the fields come as a JSON object on standard input, never as arguments',
    )
    .option('--from <file>', 'read the JSON object from a file', '-')
    .option('--if-absent', 'do nothing when the secret has a version already')
    .action(put);
}

async function put(place: string, options: { from: string; ifAbsent?: boolean }): Promise<void> {
  const ref = refOf(place);
  const fields = fieldsOf(await readInput(options.from));
  const settings = loadSettings(process.env);
  await withDatabase(settings, async (database) => {
    const store = await SealedSecretStore.open({ database, keyFile: settings.sealKeyFile });
    if (options.ifAbsent === true && (await hasVersion(store, ref))) {
      console.log(`${place} has a version already`);
      return;
    }
    const version = await store.put(ref, fields);
    console.log(`${place} version ${version}`);
  });
}

function refOf(place: string): SecretRef {
  const slash = place.indexOf('/');
  if (slash < 1 || slash === place.length - 1) {
    throw new UsageError(`${place}: expected <mount>/<path>, such as secret/legacy/ledger`);
  }
  return { mount: place.slice(0, slash), path: place.slice(slash + 1) };
}

function fieldsOf(text: string): Map<string, Secret> {
  const expected = 'expected a JSON object of texts, such as {"username":"...","password":"..."}';
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new UsageError(expected); // Not the cause: it quotes the input.
  }
  const parsed = fieldsSchema.safeParse(value);
  if (!parsed.success || Object.keys(parsed.data).length === 0) throw new UsageError(expected);
  return new Map(Object.entries(parsed.data).map(([name, field]) => [name, Secret.of(field)]));
}

const hasVersion = (store: SealedSecretStore, ref: SecretRef): Promise<boolean> =>
  store.currentVersion(ref).then(
    () => true,
    (error: unknown) => {
      if (error instanceof SecretNotFound) return false;
      throw error;
    },
  );
