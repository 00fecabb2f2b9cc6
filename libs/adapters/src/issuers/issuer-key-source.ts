import { type IssuerRegistration, type KeySet, KeySource } from '#identity';
import { type Clock } from '#kernel';
import { KeyEndpoint } from './key-endpoint.js';
import { KeyFile } from './key-file.js';
import { type KeySetRhythm, RememberedKeySet } from './remembered-key-set.js';

export interface IssuerKeySourceParts {
  readonly clock: Clock;
  /** Told when keys cannot be had, whether or not an older set is at hand. */
  readonly onProblem?: (message: string) => void;
  /** While an issuer cannot be reached, its last good keys are used until they are this old. Default one hour. */
  readonly maxStaleSeconds?: number;
}

const MAX_STALE_SECONDS = 3600;
/** J-32: a key that its issuer removed is rejected within five minutes. */
const ENDPOINT_RHYTHM = { refreshAfterSeconds: 240, freshForSeconds: 300, retryAfterSeconds: 30 };
/** A file is cheap to look at: a change takes effect within a second. */
const FILE_RHYTHM = { refreshAfterSeconds: 1, freshForSeconds: 1, retryAfterSeconds: 1 };

/** The keys of issuers from files, from registered addresses, and by discovery. One issuer's trouble is its own. */
export class IssuerKeySource extends KeySource {
  readonly #sets = new Map<string, RememberedKeySet>();

  constructor(private readonly parts: IssuerKeySourceParts) {
    super();
  }

  override current(issuer: IssuerRegistration): Promise<KeySet> {
    return this.#of(issuer).current();
  }

  override refetch(issuer: IssuerRegistration): Promise<KeySet> {
    return this.#of(issuer).refetch();
  }

  #of(issuer: IssuerRegistration): RememberedKeySet {
    const place = JSON.stringify([issuer.issuer, issuer.keys, issuer.allowPrivateKeyEndpoint]);
    const known = this.#sets.get(place);
    if (known !== undefined) return known;
    const set = this.#make(issuer);
    this.#sets.set(place, set);
    return set;
  }

  #make(issuer: IssuerRegistration): RememberedKeySet {
    const { keys } = issuer;
    const document = keys.kind === 'file' ? new KeyFile(keys.path) : new KeyEndpoint(issuer);
    return new RememberedKeySet({
      clock: this.parts.clock,
      issuerId: issuer.id,
      rhythm: this.#rhythm(keys.kind === 'file' ? FILE_RHYTHM : ENDPOINT_RHYTHM),
      load: (known) => document.load(known),
      onProblem: this.parts.onProblem ?? ignore,
    });
  }

  #rhythm(rhythm: Omit<KeySetRhythm, 'usableForSeconds'>): KeySetRhythm {
    return { ...rhythm, usableForSeconds: this.parts.maxStaleSeconds ?? MAX_STALE_SECONDS };
  }
}

const ignore = (): void => undefined;
