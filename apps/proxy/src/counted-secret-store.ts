import { type SecretRef, SecretStore, type SecretVersion, type VersionMark } from '#credentials';
import { type Metrics } from '#platform';

/** Counts what is read from a secret store: a call that was refused must not have read anything. */
export class CountedSecretStore extends SecretStore {
  readonly #reads: ReturnType<Metrics['counter']>;

  constructor(
    private readonly store: SecretStore,
    metrics: Metrics,
  ) {
    super();
    this.#reads = metrics.counter('secret_reads_total', 'Secret versions read from the store');
  }

  override currentVersion(ref: SecretRef): Promise<VersionMark> {
    return this.store.currentVersion(ref);
  }

  override read(...question: Parameters<SecretStore['read']>): Promise<SecretVersion> {
    this.#reads.inc();
    return this.store.read(...question);
  }
}
