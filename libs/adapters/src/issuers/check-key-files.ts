import { type IssuerRegistration, type RegisteredIssuer, VerificationKeys } from '#identity';
import { PosternError } from '#kernel';
import { KeyFile } from './key-file.js';
import { type PublishedKeys } from './published-keys.js';
import { readerFor } from './reader-for.js';
import { reasonOf } from './reason-of.js';

/** A registered key file cannot be used. The message names the issuer, the file and the reason. */
export class KeyFileUnusable extends PosternError {
  override readonly code = 'key-file-unusable';
}

/**
 * For the start of a process: an issuer whose key file is missing, malformed or without one usable key would only be
 * found out by its first caller. An empty bundle is a bundle: its trust domain vouches for nobody.
 * @throws KeyFileUnusable for the first such file.
 */
export async function checkKeyFiles(registrations: readonly RegisteredIssuer[]): Promise<void> {
  for (const issuer of registrations) {
    if (issuer.kind === 'introspection' || issuer.keys.kind !== 'file') continue;
    await checkKeyFile(issuer, issuer.keys.path);
  }
}

async function checkKeyFile(issuer: IssuerRegistration, path: string): Promise<void> {
  const refuse = (why: string, options?: ErrorOptions): never => {
    throw new KeyFileUnusable(`issuer ${issuer.id}: ${why}`, options);
  };
  const published = await new KeyFile(path, readerFor(issuer))
    .load(undefined)
    .catch((error: unknown) => refuse(reasonOf(error), { cause: error }));
  const problem = issuer.kind === 'spiffe' ? bundleProblem(published) : keysProblem(published);
  if (problem !== undefined) refuse(`the key file ${path} ${problem}`);
}

function keysProblem(published: PublishedKeys): string | undefined {
  const { usableCount, problems } = VerificationKeys.of(published);
  if (usableCount > 0) return undefined;
  const because = problems[0] === undefined ? 'it is empty' : `the first: ${problems[0]}`;
  return `holds no key that may verify a signature (${because})`;
}

/** A JWKS that was taken for a bundle has keys, and none that says what a bundle's must. */
function bundleProblem(published: PublishedKeys): string | undefined {
  const { keys, x509Authorities = [], ignoredCount = 0 } = published;
  const { usableCount, problems } = VerificationKeys.of(published, 'jwt-svid');
  if (usableCount + x509Authorities.length > 0) return undefined;
  if (problems[0] !== undefined) return `holds no key that may be used (the first: ${problems[0]})`;
  if (keys.length + ignoredCount === 0) return undefined;
  return 'is no bundle: none of its keys has the use jwt-svid with a kid, or x509-svid with its certificate';
}
