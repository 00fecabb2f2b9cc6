import { createPrivateKey, type KeyObject, sign } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { CheckpointKeyRefused, CheckpointSigner, ed25519Of } from '#audit';

/**
 * Signs with an Ed25519 key in a file: PEM, PKCS #8, as `openssl genpkey -algorithm ed25519` writes it. Whoever can read
 * the file can sign another history; with a key in Vault's transit engine nobody can who is not in this process.
 */
export class FileCheckpointSigner extends CheckpointSigner {
  #privateKey: KeyObject | undefined;

  constructor(private readonly file: string) {
    super();
  }

  /** @throws CheckpointKeyRefused that names the file */
  override async publicKey(): Promise<string> {
    const pem = (await this.#load()).export({ type: 'pkcs8', format: 'pem' }).toString();
    return ed25519Of(pem).export({ type: 'spki', format: 'pem' }).toString();
  }

  /** @throws CheckpointKeyRefused that names the file */
  override async sign(text: Uint8Array): Promise<Uint8Array> {
    return sign(null, text, await this.#load());
  }

  async #load(): Promise<KeyObject> {
    this.#privateKey ??= keyIn(await this.#read(), this.file);
    return this.#privateKey;
  }

  #read(): Promise<string> {
    return readFile(this.file, 'utf8').catch((error: unknown) => {
      const reason = (error as NodeJS.ErrnoException).code ?? 'unreadable';
      throw new CheckpointKeyRefused(`audit.key.file ${this.file} cannot be read (${reason})`);
    });
  }
}

/** The cause is left out: it may quote the file. */
function keyIn(pem: string, file: string): KeyObject {
  const expected = `audit.key.file ${file} is no Ed25519 private key: openssl genpkey -algorithm ed25519 -out ${file}`;
  let privateKey: KeyObject;
  try {
    privateKey = createPrivateKey(pem);
  } catch {
    throw new CheckpointKeyRefused(expected);
  }
  if (privateKey.asymmetricKeyType !== 'ed25519') throw new CheckpointKeyRefused(expected);
  return privateKey;
}
