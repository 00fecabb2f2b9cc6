import { type CredentialReport } from './credential-census.js';
import { CredentialUse } from './credential-use.js';
import { CredentialWithheld } from './credential-withheld.js';
import { type ManagedCredential } from './managed-credential.js';
import { refText, type SecretRef } from './secret-ref.js';
import { VersionUses } from './version-uses.js';
import { WaitingCalls } from './waiting-calls.js';

/** Most that calls are held back while the gate is `quiescing`; then they go on with the version that is in use. */
const QUIESCE_MS = 2_000;
/** With as many refusals that were not answered yet, calls with the refused version wait for the answer. */
const UNANSWERED_REFUSALS_MAX = 2;
/** When a call that is not served now is worth another try: a rotator looks again after 30 seconds at the earliest. */
const BREAKER_RETRY_SECONDS = 30;

/**
 * One credential as this instance stands to it: the row that it acts by, its calls by version, and the calls that wait.
 * `nowMs` is of a clock that never goes back.
 */
export class CredentialGate {
  readonly uses = new VersionUses();
  readonly waiting = new WaitingCalls();
  #row: ManagedCredential | undefined;
  #newest: ManagedCredential | undefined;
  /** Each time that the gate is `quiescing` has a number of its own. */
  #quiescing = 0;
  #quiescingSinceMs = 0;
  /** The one that was reported to be over, and the one that is. */
  #saidOver: number | undefined;
  #over: number | undefined;
  #unansweredRefusals = 0;

  constructor(
    readonly ref: SecretRef,
    /** Its registration says how it is rotated: it may be in the census any time. */
    readonly isExpected: boolean,
  ) {}

  /** What calls that begin go by; undefined: the credential is not in the census. */
  get row(): ManagedCredential | undefined {
    return this.#row;
  }

  /** Calls still go by an older row: the version of the newest one has to be read first. */
  get isBehind(): boolean {
    return this.#newest !== this.#row;
  }

  /** As the census has it. */
  get newest(): ManagedCredential | undefined {
    return this.#newest;
  }

  get retiredVersion(): number {
    return this.#newest?.retiredVersion ?? 0;
  }

  get isClosed(): boolean {
    return this.#newest !== undefined && this.#newest.gate !== 'open';
  }

  /** Calls that would begin wait. */
  get isHolding(): boolean {
    if (this.#row === undefined || this.#row.gate === 'open') return false;
    return this.#row.gate === 'held' || this.#over !== this.#quiescing;
  }

  /** Why calls are not served; undefined: they are, or wait. */
  get withheld(): CredentialWithheld | undefined {
    const state = this.#row?.state;
    if (state !== 'breaker_open' && state !== 'out_of_sync') return undefined;
    const why =
      state === 'breaker_open'
        ? 'the legacy system refuses it; it is tried by a rotator, and by no call, until it works'
        : 'store and legacy system differ; a Vault administrator has to look at it';
    const what = `the credential at ${refText(this.ref)} is ${state}: ${why}`;
    return new CredentialWithheld(what, BREAKER_RETRY_SECONDS);
  }

  /** Whether a call may begin at once, as long as the answer of the census is not too old. */
  get isPassable(): boolean {
    return !this.isHolding && this.#unansweredRefusals < UNANSWERED_REFUSALS_MAX;
  }

  /** What calls of this or of other instances may use by the newest row. */
  get versions(): readonly number[] {
    return versionsIn(this.#newest);
  }

  /** Whether calls use this version, or may soon. */
  isWanted(version: number): boolean {
    const named = [...versionsIn(this.#row), ...versionsIn(this.#newest)];
    return named.includes(version) || this.uses.openOf(version) > 0;
  }

  begin(version: number, nowMs: number): CredentialUse {
    return new CredentialUse(this, this.uses.begin(version, nowMs));
  }

  /** False: it is older than what is known. A row that calls need not wait for waits for `act`. */
  take(row: ManagedCredential, nowMs: number): boolean {
    if (this.#newest !== undefined && row.serial <= this.#newest.serial) return false;
    this.#newest = row;
    if (!leavesTime(this.#row, row)) this.act(nowMs);
    return true;
  }

  /** From now on calls go by the newest row. */
  act(nowMs: number): void {
    const [before, row] = [this.#row, this.#newest];
    if (row === undefined || row === before) return;
    const isSameQuiescing =
      before?.gate === 'quiescing' && row.gate === 'quiescing' && row.serial === before.serial + 1;
    if (!isSameQuiescing) {
      this.#quiescing += 1;
      this.#quiescingSinceMs = nowMs;
    }
    this.#row = row;
  }

  /** It is in the census no more. */
  drop(): void {
    this.#row = undefined;
    this.#newest = undefined;
  }

  /**
   * What is said of it now. Where it says that calls are not held back any more they still are, until `reportAnswered`: a
   * rotator that saw the report before this one may have closed the gate for good.
   */
  report(nowMs: number): CredentialReport {
    const isOver = this.#row?.gate === 'quiescing' && nowMs - this.#quiescingSinceMs >= QUIESCE_MS;
    this.#saidOver = isOver ? this.#quiescing : undefined;
    return {
      ref: this.ref,
      serial: this.#row?.serial ?? 0,
      holding: this.isHolding && !isOver,
      uses: this.uses.reported(nowMs),
    };
  }

  /** After the rows of the answer were taken. */
  reportAnswered(): void {
    if (this.#saidOver !== undefined) this.#over = this.#saidOver;
    this.#saidOver = undefined;
  }

  /** Whether it was written is not known: nothing was said. */
  reportFailed(): void {
    this.#saidOver = undefined;
  }

  refusalTold(): void {
    this.#unansweredRefusals += 1;
  }

  refusalsAnswered(refusals: number): void {
    this.#unansweredRefusals = Math.max(0, this.#unansweredRefusals - refusals);
  }

  /** Lets the calls go on that may, and ends those that never will. */
  release(nowMs: number): void {
    if (this.waiting.size === 0) return;
    const { withheld } = this;
    if (withheld !== undefined) this.waiting.rejectAll(() => withheld, nowMs);
    else if (this.isPassable) this.waiting.release(nowMs);
  }
}

const versionsIn = (row: ManagedCredential | undefined): readonly number[] =>
  [row?.currentVersion, row?.fallbackVersion].filter((version) => version !== undefined);

/**
 * Whether calls may go on by `acting` until the current version of `next` is read, however long the store takes: then its
 * own is still the one to fall back on. Whoever waits for it to end ends that in the census, at the latest after `drain`.
 */
const leavesTime = (acting: ManagedCredential | undefined, next: ManagedCredential): boolean =>
  acting !== undefined &&
  [acting, next].every(({ gate, state }) => gate === 'open' && isServed(state)) &&
  next.currentVersion !== acting.currentVersion &&
  next.fallbackVersion === acting.currentVersion &&
  next.retiredVersion < acting.currentVersion;

const isServed = (state: ManagedCredential['state']): boolean =>
  state === 'active' || state === 'rotating';
