import { type Clock, PosternError } from '#kernel';
import { CensusAnswer } from './census-answer.js';
import { type CredentialCensus, type CredentialRefusal } from './credential-census.js';
import { type CredentialGate } from './credential-gate.js';
import { CredentialGates, type CredentialGatesParts } from './credential-gates.js';
import { type CredentialUse } from './credential-use.js';
import { CredentialWithheld } from './credential-withheld.js';
import { type ManagedCredential } from './managed-credential.js';
import { RefusalQueue } from './refusal-queue.js';
import { refText, type SecretRef } from './secret-ref.js';

/** Between two reports; and while a gate is not open. */
const REPORT_EVERY_MS = 250;
const REPORT_EVERY_MS_CLOSED = 100;
/** Most that a call waits, whatever for. */
const WAIT_MS_MAX = 10_000;
/** After a question that was not answered, calls do not ask again for so long. */
const FAILURE_REMEMBERED_MS = 100;

/** Hears what becomes of calls with managed credentials. Must not throw. */
export interface CensusObserver {
  /** A call waited for so long before it began, or was refused. */
  waited(seconds: number): void;
  refused(refusal: CredentialRefusal): void;
  answered(): void;
  /** The census was not answered; it is asked again. */
  failed(error: unknown): void;
}

export interface ManagedCredentialsParts extends Pick<
  CredentialGatesParts,
  'credentials' | 'refs'
> {
  readonly census: CredentialCensus;
  readonly clock: Clock;
  /** New with each process. */
  readonly instanceId: string;
  readonly observer?: CensusObserver | undefined;
  /** Of a clock that never goes back. */
  readonly nowMs?: () => number;
}

/** Whom a call belongs to that may have to wait. */
export interface WaitTerms {
  /** Why nobody waits for it any more. */
  readonly over: () => PosternError | undefined;
}

/** Which version a call goes on with; undefined: with none. */
export type VersionChoice = (row: ManagedCredential | undefined) => number | undefined;

/**
 * The managed credentials as one instance of the proxy acts by them. Calls begin by what the census answered at most two
 * seconds ago. Otherwise they wait until it is asked, and are refused when it does not answer. Has no timer of its own: call `turn` every 50 ms.
 */
export class ManagedCredentials {
  readonly #gates: CredentialGates;
  readonly #refusals: RefusalQueue;
  readonly #answer: CensusAnswer;
  readonly #nowMs: () => number;
  #askedAtMs = -Infinity;
  #failedAtMs = -Infinity;
  #flight: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  #hasLeft = false;

  constructor(private readonly parts: ManagedCredentialsParts) {
    this.#nowMs = parts.nowMs ?? (() => performance.now());
    this.#answer = new CensusAnswer(this.#nowMs, parts.clock);
    this.#gates = new CredentialGates({
      ...{ credentials: parts.credentials, refs: parts.refs, nowMs: this.#nowMs },
      waited: (seconds) => parts.observer?.waited(seconds),
      changed: (gate) => this.#release(gate),
    });
    this.#refusals = new RefusalQueue((refusals) => this.#tell(refusals));
  }

  /** Whether its calls have to be admitted here. */
  has(ref: SecretRef): boolean {
    return this.#gates.of(ref) !== undefined;
  }

  /**
   * A call begins: its use, which says the version. A promise where it has to wait. Undefined: the credential is not
   * managed (yet), see `begun`. @throws CredentialWithheld, what `over` says
   */
  admit(
    ref: SecretRef,
    terms: WaitTerms,
  ): CredentialUse | undefined | Promise<CredentialUse | undefined> {
    const gate = this.#gates.of(ref);
    if (gate === undefined) return undefined;
    const begin = (): CredentialUse | undefined =>
      gate.row === undefined ? undefined : gate.begin(gate.row.currentVersion, this.#nowMs());
    return this.#passes(gate) ? begin() : this.#waiting(gate, begin, terms);
  }

  /**
   * A call begins with the newest version, since its credential is not managed: counted, should it become so while the call
   * is under way. False: it has become so, and is to be admitted.
   */
  begun(ref: SecretRef, version: number): CredentialUse | undefined | false {
    const gate = this.#gates.of(ref);
    if (gate === undefined) return undefined;
    return gate.row === undefined ? gate.begin(version, this.#nowMs()) : false;
  }

  /**
   * A call under way is sent once more, which is as good as to begin: it may have to wait. Resolves to the version that it
   * goes on with, which is the one of `use` then; undefined where none is chosen, or the call has ended.
   * @throws CredentialWithheld, what `over` says
   */
  async admitAgain(
    use: CredentialUse,
    choose: VersionChoice,
    terms: WaitTerms,
  ): Promise<number | undefined> {
    const gate = this.#gates.of(use.ref);
    if (gate === undefined) return undefined;
    gate.act(this.#nowMs());
    const goOn = (): number | undefined => {
      const version = choose(gate.row);
      if (version === undefined || use.isOver) return undefined;
      use.goesOnIn(gate.uses.goOn(version, this.#nowMs()));
      return version;
    };
    return this.#passes(gate) ? goOn() : this.#waiting(gate, goOn, terms);
  }

  /** Those that calls of this or of other instances may use: the current one, and the one to fall back on. */
  versionsOf(ref: SecretRef): readonly number[] {
    return this.#gates.of(ref)?.versions ?? [];
  }

  /** Whether calls use this version, or may soon. */
  isWanted(ref: SecretRef, version: number): boolean {
    return this.#gates.of(ref)?.isWanted(version) === true;
  }

  /** A legacy system did not take a version. Told to the census at once; calls with it wait when it is not the first. */
  refused(refusal: CredentialRefusal): void {
    const gate = this.#gates.of(refusal.ref);
    if (gate?.row === undefined || !this.#refusals.add(refusal)) return;
    this.parts.observer?.refused(refusal);
    gate.refusalTold();
    this.#refusals.send();
  }

  /** One question at a time. @throws DependencyUnavailable */
  ask(): Promise<void> {
    this.#flight ??= this.#asked().finally(() => {
      this.#flight = undefined;
    });
    return this.#flight;
  }

  /** What is true now, not when a question that is under way was asked. @throws DependencyUnavailable */
  askAnew(): Promise<void> {
    if (this.#flight === undefined) return this.ask();
    const next = (): Promise<void> => {
      this.#next = undefined;
      return this.ask();
    };
    this.#next ??= this.#flight.then(next, next);
    return this.#next;
  }

  /** Does what is due. Returns at once. */
  turn(): void {
    if (this.#hasLeft) return;
    const nowMs = this.#nowMs();
    let everyMs = REPORT_EVERY_MS;
    for (const gate of this.#gates.all()) {
      gate.waiting.expire(WAIT_MS_MAX, () => tooLong(gate.ref), nowMs);
      if (gate.isClosed) everyMs = REPORT_EVERY_MS_CLOSED;
    }
    this.#gates.readAgain();
    this.#refusals.send();
    if (nowMs - this.#askedAtMs >= everyMs) this.#askUnheard();
  }

  /** After the last call. Resolves when the census knows that there is none. @throws DependencyUnavailable */
  async leave(): Promise<void> {
    this.#hasLeft = true;
    const nowMs = this.#nowMs();
    for (const { waiting, ref } of this.#gates.all()) waiting.rejectAll(() => unknown(ref), nowMs);
    await this.#refusals.settled();
    await this.#flight?.catch(() => undefined);
    await this.parts.census.leave(this.parts.instanceId);
  }

  /** Of the last answer; Infinity: there was none. */
  get ageMs(): number {
    return this.#answer.ageMs;
  }

  /** Calls that wait. */
  get waiting(): number {
    let calls = 0;
    for (const { waiting } of this.#gates.all()) calls += waiting.size;
    return calls;
  }

  /** Those in the census, and those that are registered to be. */
  get rows(): readonly { readonly ref: SecretRef; readonly row: ManagedCredential | undefined }[] {
    return this.#gates.all().map(({ ref, newest: row }) => ({ ref, row }));
  }

  /** @throws CredentialWithheld */
  #passes(gate: CredentialGate): boolean {
    if (this.#hasLeft || !this.#answer.isCurrent) {
      if (this.#hasLeft || this.#nowMs() - this.#failedAtMs < FAILURE_REMEMBERED_MS) {
        throw unknown(gate.ref);
      }
      this.#askUnheard();
      return false;
    }
    const { withheld } = gate;
    if (withheld !== undefined) throw withheld;
    return gate.isPassable;
  }

  #waiting<Outcome>(
    gate: CredentialGate,
    begin: () => Outcome,
    { over }: WaitTerms,
  ): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      gate.waiting.add({
        ...{ over, reject, sinceMs: this.#nowMs() },
        begin: () => resolve(begin()),
      });
    });
  }

  /** Whoever waits hears of a failure; so does the observer. */
  #askUnheard(): void {
    this.ask().catch(() => undefined);
  }

  async #asked(): Promise<void> {
    const { census, instanceId } = this.parts;
    const asked = this.#answer.question();
    this.#askedAtMs = asked.ms;
    const gates = this.#gates.all();
    const credentials = gates.map((gate) => gate.report(asked.ms));
    try {
      this.#gates.takeAll(await census.report({ instanceId, credentials }));
    } catch (error) {
      for (const gate of gates) gate.reportFailed();
      this.#unanswered(error);
      throw error;
    }
    this.#answer.answered(asked);
    this.parts.observer?.answered();
    for (const gate of gates) gate.reportAnswered();
    for (const gate of this.#gates.all()) this.#release(gate);
  }

  #unanswered(error: unknown): void {
    this.parts.observer?.failed(error);
    const nowMs = this.#nowMs();
    this.#failedAtMs = nowMs;
    if (this.#answer.isCurrent) return;
    for (const { waiting, ref } of this.#gates.all()) {
      waiting.rejectAll(() => unknown(ref, error), nowMs);
    }
  }

  /** By an answer that was long under way nobody may begin any more. */
  #release(gate: CredentialGate): void {
    if (gate.waiting.size === 0 || this.#hasLeft) return;
    if (this.#answer.isCurrent) gate.release(this.#nowMs());
    else this.#askUnheard();
  }

  async #tell(refusals: readonly CredentialRefusal[]): Promise<void> {
    try {
      this.#gates.take(await this.parts.census.refused(refusals));
    } catch (error) {
      this.parts.observer?.failed(error);
      throw error;
    }
    for (const { ref } of refusals) this.#gates.of(ref)?.refusalsAnswered(1);
    for (const gate of this.#gates.all()) this.#release(gate);
  }
}

const unknown = (ref: SecretRef, cause?: unknown): CredentialWithheld =>
  new CredentialWithheld(
    `which version of the credential at ${refText(ref)} counts is not known: PostgreSQL does not answer`,
    1,
    { cause: cause instanceof PosternError ? cause : undefined },
  );

const tooLong = (ref: SecretRef): CredentialWithheld =>
  new CredentialWithheld(
    `calls with the credential at ${refText(ref)} were held back for ${WAIT_MS_MAX / 1_000} seconds`,
    1,
  );
