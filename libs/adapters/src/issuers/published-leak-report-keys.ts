import { createPublicKey, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { type Clock, DependencyUnavailable } from '#kernel';
import { LeakReportKeys } from '#oauth';
import { fetchKeyDocument } from './fetch-key-document.js';
import { KEY_DOCUMENT_BYTES_MAX, KEY_DOCUMENT_TIMEOUT_MS } from './key-document-limits.js';

/** Where a reporter publishes its keys. */
export type LeakReportKeyPlace =
  { readonly kind: 'file'; readonly path: string } | { readonly kind: 'uri'; readonly uri: string };

export interface PublishedLeakReportKeysParts {
  readonly place: LeakReportKeyPlace;
  readonly clock: Clock;
}

const KEYS_MAX = 100;
const FRESH_MS = 300_000;
/** After a key that is not known, or a failure: whoever makes up identifiers does not make us ask. */
const AGAIN_MS = 30_000;
/** Without an answer known keys are believed no longer. */
const STALE_MS = 3_600_000;

// The form of https://api.github.com/meta/public_keys/secret_scanning
const document = z.object({
  public_keys: z
    .array(z.object({ key_identifier: z.string().max(256), key: z.string().max(4096) }))
    .max(KEYS_MAX),
});

/** Keys of a reporter from a file or an address, remembered for five minutes, and without an answer for an hour. */
export class PublishedLeakReportKeys extends LeakReportKeys {
  #keys: ReadonlyMap<string, KeyObject> = new Map();
  #readAtMs = Number.NEGATIVE_INFINITY;
  #askedAtMs = Number.NEGATIVE_INFINITY;
  #asking: Promise<void> | undefined;

  constructor(private readonly parts: PublishedLeakReportKeysParts) {
    super();
  }

  override async find(identifier: string): Promise<KeyObject | undefined> {
    const isKnown = this.#keys.has(identifier);
    const wanted = !isKnown || this.#isOlder(this.#readAtMs, FRESH_MS);
    if (wanted && this.#isOlder(this.#askedAtMs, AGAIN_MS)) this.#begin();
    await this.#asking;
    if (this.#isOlder(this.#readAtMs, STALE_MS)) {
      const { place } = this.parts;
      const where = place.kind === 'file' ? place.path : place.uri;
      throw new DependencyUnavailable('leak report keys', `${where} gives no keys`);
    }
    return this.#keys.get(identifier);
  }

  #begin(): void {
    this.#askedAtMs = this.#nowMs();
    this.#asking ??= this.#read()
      .then((keys) => {
        this.#keys = keys;
        this.#readAtMs = this.#nowMs();
      })
      .catch(() => undefined) // What is known counts for as long as it may; then `find` says that there is none.
      .finally(() => {
        this.#asking = undefined;
      });
  }

  async #read(): Promise<ReadonlyMap<string, KeyObject>> {
    const { public_keys: published } = document.parse(JSON.parse(await this.#text()));
    return new Map(
      published.flatMap(({ key_identifier: identifier, key }) => {
        const parsed = p256Key(key);
        return parsed === undefined ? [] : [[identifier, parsed] as const];
      }),
    );
  }

  async #text(): Promise<string> {
    const { place } = this.parts;
    if (place.kind === 'file') {
      const bytes = await readFile(place.path);
      if (bytes.length > KEY_DOCUMENT_BYTES_MAX) throw new Error(`${place.path} is too large`);
      return bytes.toString('utf8');
    }
    const signal = AbortSignal.timeout(KEY_DOCUMENT_TIMEOUT_MS);
    const found = await fetchKeyDocument({ address: place.uri, allowPrivate: false, signal });
    if (found.kind === 'absent') throw new Error(`${place.uri} answers 404`);
    return Buffer.from(found.bytes).toString('utf8');
  }

  #isOlder(thenMs: number, ageMs: number): boolean {
    return this.#nowMs() - thenMs >= ageMs;
  }

  #nowMs(): number {
    return this.parts.clock.now().getTime();
  }
}

/** Undefined for what is no public key of P-256: no signature is taken by another. */
function p256Key(pem: string): KeyObject | undefined {
  try {
    const key = createPublicKey(pem);
    return key.asymmetricKeyDetails?.namedCurve === 'prime256v1' ? key : undefined;
  } catch {
    return undefined;
  }
}
