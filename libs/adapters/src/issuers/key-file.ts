import { open } from 'node:fs/promises';
import { KEY_DOCUMENT_BYTES_MAX } from './key-document-limits.js';
import { type PublishedKeys, type ReadPublishedKeys } from './published-keys.js';
import { reasonOf } from './reason-of.js';

/** A JWKS document or a bundle in a file. Read again only when the file is another one or was written to. */
export class KeyFile {
  #version: string | undefined;

  constructor(
    private readonly path: string,
    private readonly read: ReadPublishedKeys,
  ) {}

  /** @throws an error whose message names the file and says what is wrong with it. */
  async load(known: PublishedKeys | undefined): Promise<PublishedKeys> {
    try {
      return await this.#load(known);
    } catch (error) {
      const message = `the key file ${this.path} cannot be used: ${reasonOf(error)}`;
      throw new Error(message, { cause: error });
    }
  }

  async #load(known: PublishedKeys | undefined): Promise<PublishedKeys> {
    const file = await open(this.path, 'r');
    try {
      const stat = await file.stat({ bigint: true });
      const version = [stat.dev, stat.ino, stat.size, stat.mtimeNs, stat.ctimeNs].join(' ');
      if (known !== undefined && version === this.#version) return known;
      if (!stat.isFile()) throw new Error('it is not a file');
      if (stat.size > KEY_DOCUMENT_BYTES_MAX) {
        throw new Error(`it is larger than ${KEY_DOCUMENT_BYTES_MAX} bytes`);
      }
      const keys = this.read(await file.readFile());
      this.#version = version;
      return keys;
    } finally {
      await file.close();
    }
  }
}
