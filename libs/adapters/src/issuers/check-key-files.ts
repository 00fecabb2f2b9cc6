import { type IssuerRegistration, VerificationKeys } from '#identity';
import { PosternError } from '#kernel';
import { KeyFile } from './key-file.js';
import { reasonOf } from './reason-of.js';

/** A registered key file cannot be used. The message names the issuer, the file and the reason. */
export class KeyFileUnusable extends PosternError {
  override readonly code = 'key-file-unusable';
}

/**
 * For the start of a process: an issuer whose key file is missing, malformed or without one usable key would only be
 * found out by its first caller.
 * @throws KeyFileUnusable for the first such file.
 */
export async function checkKeyFiles(registrations: readonly IssuerRegistration[]): Promise<void> {
  for (const { id, keys } of registrations) {
    if (keys.kind === 'file') await checkKeyFile(id, keys.path);
  }
}

async function checkKeyFile(issuerId: string, path: string): Promise<void> {
  const refuse = (why: string, options?: ErrorOptions): never => {
    throw new KeyFileUnusable(`issuer ${issuerId}: ${why}`, options);
  };
  const keys = await new KeyFile(path)
    .load(undefined)
    .catch((error: unknown) => refuse(reasonOf(error), { cause: error }));
  const { usableCount, problems } = VerificationKeys.of({ keys });
  if (usableCount > 0) return;
  const because = problems[0] === undefined ? 'it is empty' : `the first: ${problems[0]}`;
  refuse(`the key file ${path} holds no key that may verify a signature (${because})`);
}
