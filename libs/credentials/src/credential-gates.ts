import { ByRef } from './by-ref.js';
import { CredentialGate } from './credential-gate.js';
import { type ManagedCredential } from './managed-credential.js';
import { type PinnedCredentials } from './pinned-credentials.js';
import { type SecretRef } from './secret-ref.js';

export interface CredentialGatesParts {
  readonly credentials: Pick<PinnedCredentials, 'peekVersion' | 'version' | 'keepVersions'>;
  /** Those that calls of this instance may use; with `isRotated` no call begins before it is known whether they are managed. */
  readonly refs: readonly { readonly ref: SecretRef; readonly isRotated: boolean }[];
  readonly nowMs: () => number;
  /** A call waited for so many seconds. */
  readonly waited: (seconds: number) => void;
  /** Calls of it may go on now. */
  readonly changed: (gate: CredentialGate) => void;
}

/** The gates of all credentials that are in the census, or are to be; and the versions that their calls will need. */
export class CredentialGates {
  readonly #gates = new ByRef<CredentialGate>();
  readonly #used = new ByRef<true>();
  /** Those whose current version is being read. */
  readonly #reading = new Set<CredentialGate>();

  constructor(private readonly parts: CredentialGatesParts) {
    for (const { ref, isRotated } of parts.refs) {
      this.#used.set(ref, true);
      if (isRotated) this.#open(ref, true);
    }
  }

  of(ref: SecretRef): CredentialGate | undefined {
    return this.#gates.get(ref);
  }

  all(): readonly CredentialGate[] {
    return [...this.#gates.values()];
  }

  /** All rows that there are: what is not among them is managed no more. */
  takeAll(rows: readonly ManagedCredential[]): void {
    this.take(rows);
    const named = new ByRef<true>();
    for (const { ref } of rows) named.set(ref, true);
    for (const gate of this.all()) {
      if (named.get(gate.ref) !== undefined) continue;
      gate.drop();
      if (!gate.isExpected && gate.waiting.size + gate.uses.open === 0)
        this.#gates.delete(gate.ref);
    }
  }

  /** Some that may have changed. */
  take(rows: readonly ManagedCredential[]): void {
    for (const row of rows) {
      const gate = this.of(row.ref) ?? this.#open(row.ref, false);
      if (gate.take(row, this.parts.nowMs())) this.#read(gate, row);
    }
  }

  /** A store that did not give a version is asked for it again; until then calls go by an older one. */
  readAgain(): void {
    for (const gate of this.#gates.values()) {
      const { newest, isBehind } = gate;
      if (isBehind && newest !== undefined && !this.#reading.has(gate)) this.#read(gate, newest);
    }
  }

  /** Before calls need them; others are forgotten. */
  #read(gate: CredentialGate, row: ManagedCredential): void {
    const { credentials, nowMs, changed } = this.parts;
    const { ref, currentVersion, fallbackVersion } = row;
    const act = (): void => {
      if (gate.newest === row) gate.act(nowMs());
      changed(gate);
    };
    if (this.#used.get(ref) === undefined) {
      act();
      return;
    }
    const named = [currentVersion, fallbackVersion, gate.row?.currentVersion];
    credentials.keepVersions(ref, named.filter(isThere));
    if (fallbackVersion !== undefined) {
      credentials.version(ref, fallbackVersion).catch(() => undefined); // Who needs it will be told.
    }
    if (credentials.peekVersion(ref, currentVersion) !== undefined) {
      act();
      return;
    }
    this.#reading.add(gate);
    credentials
      .version(ref, currentVersion)
      .then(act, () => changed(gate))
      .finally(() => this.#reading.delete(gate));
  }

  #open(ref: SecretRef, isExpected: boolean): CredentialGate {
    const gate = new CredentialGate({ mount: ref.mount, path: ref.path }, isExpected);
    gate.waiting.onEnd = this.parts.waited;
    this.#gates.set(ref, gate);
    return gate;
  }
}

const isThere = (version: number | undefined): version is number => version !== undefined;
