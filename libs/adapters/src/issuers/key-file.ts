import { open } from 'node:fs/promises';
import { parseKeySet, type PublishedJwk } from '#identity';
import { KEY_DOCUMENT_BYTES_MAX } from './key-document-limits.js';
import { reasonOf } from './reason-of.js';

/** A JWKS document in a file. Read again only when the file is another one or was written to. */
export class KeyFile {
  #version: string | undefined;

  constructor(private readonly path: string) {}

  /** @throws an error whose message names the file and says what is wrong with it. */
  async load(known: readonly PublishedJwk[] | undefined): Promise<readonly PublishedJwk[]> {
    try {
      return await this.#load(known);
    } catch (error) {
      const message = `the key file ${this.path} cannot be used: ${reasonOf(error)}`;
      throw new Error(message, { cause: error });
    }
  }

  async #load(known: readonly PublishedJwk[] | undefined): Promise<readonly PublishedJwk[]> {
    const file = await open(this.path, 'r');
    try {
      const stat = await file.stat({ bigint: true });
      const version = [stat.dev, stat.ino, stat.size, stat.mtimeNs, stat.ctimeNs].join(' ');
      if (known !== undefined && version === this.#version) return known;
      if (!stat.isFile()) throw new Error('it is not a file');
      if (stat.size > KEY_DOCUMENT_BYTES_MAX) {
        throw new Error(`it is larger than ${KEY_DOCUMENT_BYTES_MAX} bytes`);
      }
      const keys = parseKeySet(await file.readFile());
      this.#version = version;
      return keys;
    } finally {
      await file.close();
    }
  }
}
