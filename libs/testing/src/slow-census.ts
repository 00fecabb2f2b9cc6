import { CredentialCensus, type InstanceReport, type ManagedCredential } from '#credentials';
import { DependencyUnavailable } from '#kernel';

/** A report that is sent, arrives some time, and is answered some time later, or never. */
interface Letter {
  readonly report: InstanceReport;
  readonly resolve: (rows: readonly ManagedCredential[]) => void;
  readonly reject: (error: Error) => void;
  rows: readonly ManagedCredential[] | undefined;
}

/** A network between instance and census that a test moves. Reports of one instance never overtake each other. */
export class SlowCensus extends CredentialCensus {
  letters: Letter[] = [];

  constructor(private readonly census: CredentialCensus) {
    super();
  }

  override report(report: InstanceReport): Promise<readonly ManagedCredential[]> {
    return new Promise((resolve, reject) => {
      this.letters.push({ report, resolve, reject, rows: undefined });
    });
  }

  override refused(): never {
    throw new Error('nothing is refused here');
  }

  override leave(instanceId: string): Promise<void> {
    return this.census.leave(instanceId);
  }

  async arrive(): Promise<void> {
    const letter = this.letters.find(({ rows }) => rows === undefined);
    if (letter !== undefined) letter.rows = await this.census.report(letter.report);
  }

  answer(): void {
    const letter = this.letters.find(({ rows }) => rows !== undefined);
    if (letter?.rows !== undefined) letter.resolve(letter.rows);
    this.letters = this.letters.filter((one) => one !== letter);
  }

  /** It may have arrived or not: the instance does not learn. */
  lose(): void {
    this.letters.shift()?.reject(new DependencyUnavailable('census', 'it does not answer'));
  }
}
