import { type IssuerRegistration, type KeySet, KeySource } from '#identity';
import { type Clock } from '#kernel';
import { KeyEndpoint } from './key-endpoint.js';
import { KeyFile } from './key-file.js';
import { keySetRhythm } from './key-set-rhythm.js';
import { readerFor } from './reader-for.js';
import { RememberedKeySet } from './remembered-key-set.js';

export interface IssuerKeySourceParts {
  readonly clock: Clock;
  /** Told when keys cannot be had, whether or not an older set is at hand. */
  readonly onProblem?: (message: string) => void;
  /** While an issuer cannot be reached, its last good keys are used until they are this old. Default one hour. */
  readonly maxStaleSeconds?: number;
  /** PEM of who may vouch for the certificates of key addresses; those of the system when absent. */
  readonly certificateAuthorities?: string;
}

const MAX_STALE_SECONDS = 3600;

/** The keys of issuers from files, from registered addresses, and by discovery; bundles of trust domains alike. One issuer's trouble is its own. */
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
    const { clock, onProblem = ignore, maxStaleSeconds = MAX_STALE_SECONDS } = this.parts;
    const document = this.#documentOf(issuer);
    return new RememberedKeySet({
      clock,
      issuerId: issuer.id,
      rhythm: (published) => keySetRhythm(issuer, published, maxStaleSeconds),
      load: (known) => document.load(known),
      onProblem,
    });
  }

  #documentOf(registration: IssuerRegistration): KeyFile | KeyEndpoint {
    const { keys } = registration;
    const read = readerFor(registration);
    if (keys.kind === 'file') return new KeyFile(keys.path, read);
    const { certificateAuthorities } = this.parts;
    return new KeyEndpoint({ registration, read, certificateAuthorities });
  }
}

const ignore = (): void => undefined;
