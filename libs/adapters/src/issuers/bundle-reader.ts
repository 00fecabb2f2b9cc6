import { parseSpiffeBundle } from '#identity';
import { type PublishedKeys } from './published-keys.js';

/** SPIFFE Federation section 4.2: the hint is honoured, but nobody is asked all the time, nor hardly ever. */
const REFRESH_SECONDS_MIN = 60;
const REFRESH_SECONDS_MAX = 3600;

/** Reads the bundles of one trust domain, one after the other. */
export class BundleReader {
  #sequence = 0;

  /**
   * @throws KeySetInvalid for what is no bundle.
   * @throws Error for one that is older than one that was read before (SPIFFE Trust Domain and Bundle section 4.1.1):
   *   a key that was withdrawn in between would be trusted again.
   */
  read(document: Uint8Array): PublishedKeys {
    const bundle = parseSpiffeBundle(document);
    const sequence = bundle.sequence ?? this.#sequence;
    if (sequence < this.#sequence) {
      throw new Error(
        `the bundle has sequence ${sequence}, and one of ${this.#sequence} was read before: it is ignored`,
      );
    }
    this.#sequence = sequence;
    return {
      keys: bundle.jwtKeys,
      x509Authorities: bundle.x509Authorities,
      refreshSeconds: withinBounds(bundle.refreshHintSeconds),
      ignoredCount: bundle.ignoredCount,
    };
  }
}

const withinBounds = (hintSeconds: number | undefined): number | undefined =>
  hintSeconds === undefined
    ? undefined
    : Math.min(Math.max(hintSeconds, REFRESH_SECONDS_MIN), REFRESH_SECONDS_MAX);
