import {
  CENSUS_VALID_MS,
  type CredentialCensus,
  type CredentialRefusal,
  type InstanceReport,
  type ManagedCredential,
  type SecretRef,
} from '#credentials';
import { HOLD_MS_MAX, QUIESCE_MS_MAX } from '#rotation';
import { type ReplicatedAccount } from './replicated-account.js';
import { type SeededChance } from './seeded-chance.js';

const REPORT_MS = 250;
const REPORT_GATED_MS = 100;
const ANSWER_MS_MAX = 150;
const CALLS_AT_ONCE_MAX = 4;

interface Call {
  readonly id: string;
  readonly mayRepeat: boolean;
  /** Waits since then, and has not been sent (again). */
  heldSinceMs: number | undefined;
  version: number;
  judgedAtMs: number;
  answeredAtMs: number;
  endsAtMs: number;
  verdict: 'open' | 'accepted' | 'refused';
  refusedWith: number | undefined;
  /** The last refusal was by a replica that lags behind, which no login of a rotator meets. */
  isRefusedByReplica: boolean;
  usesFallback: boolean;
}

/** What callers have seen. */
export interface CallSum {
  accepted: number;
  refused: number;
  /** Those where a replica that lags behind met a call that could not be sent once more, or had no other value to go with. */
  refusedByReplicas: number;
  turnedAway: number;
}

export interface InstanceParts {
  readonly census: CredentialCensus;
  readonly ref: SecretRef;
  readonly account: ReplicatedAccount;
  readonly chance: SeededChance;
  /** The value of a version. */
  readonly read: (version: number) => Promise<string | undefined>;
  readonly sum: CallSum;
}

/**
 * One instance of the proxy, by the rules of docs/rotation.md: it pins what the census answered, for two seconds; holds
 * calls back while the gate is not open; lets them go only after it has said so; and sends a refused call once more at most.
 */
export class ProxyInstance {
  /** Stands still until then: neither reports nor begins, what is under way is judged all the same. */
  stalledUntilMs = 0;
  /** Cannot reach the census until then. */
  cutOffUntilMs = 0;
  isDead = false;
  #row: ManagedCredential | undefined;
  #askedAtMs = Number.NEGATIVE_INFINITY;
  #reportDueMs = 0;
  #answer:
    | { row: ManagedCredential | undefined; askedAtMs: number; atMs: number; saidHolding: boolean }
    | undefined;
  #wantsRelease = false;
  #releasedSerial = 0;
  #calls: Call[] = [];
  #count = 0;
  #began: { readonly version: number; readonly atMs: number }[] = [];

  constructor(
    readonly id: string,
    private readonly parts: InstanceParts,
  ) {}

  async tick(nowMs: number, mayBegin: boolean): Promise<void> {
    await this.#judgeAll(nowMs);
    if (this.isDead || this.stalledUntilMs > nowMs) return;
    this.#takeAnswer(nowMs);
    await this.#settleAll(nowMs);
    if (nowMs >= this.#reportDueMs) await this.#report(nowMs);
    if (mayBegin && this.#calls.length < CALLS_AT_ONCE_MAX && this.parts.chance.happens(0.1)) {
      this.#calls.push(this.#newCall(nowMs));
    }
    await this.#release(nowMs);
  }

  get isIdle(): boolean {
    return this.#calls.length === 0;
  }

  /** A refused call waits to be sent once more. */
  get isRepeating(): boolean {
    return this.#calls.some(
      ({ heldSinceMs, refusedWith }) => heldSinceMs !== undefined && refusedWith !== undefined,
    );
  }

  #newCall(nowMs: number): Call {
    this.#count += 1;
    return {
      id: `${this.id}-${this.#count}`,
      mayRepeat: this.parts.chance.happens(0.7),
      heldSinceMs: nowMs,
      ...{ version: 0, judgedAtMs: 0, answeredAtMs: 0, endsAtMs: 0 },
      ...{ verdict: 'open', refusedWith: undefined },
      ...{ isRefusedByReplica: false, usesFallback: false },
    };
  }

  #holds(): boolean {
    const row = this.#row;
    return row !== undefined && row.gate !== 'open' && this.#releasedSerial !== row.serial;
  }

  async #report(nowMs: number): Promise<void> {
    const isGated = this.#row !== undefined && this.#row.gate !== 'open';
    this.#reportDueMs = nowMs + (isGated ? REPORT_GATED_MS : REPORT_MS);
    if (this.cutOffUntilMs > nowMs || this.#answer !== undefined) return;
    const saidHolding = this.#holds() && !this.#wantsRelease;
    const [row] = await this.parts.census.report(this.#reported(nowMs, saidHolding));
    const atMs = nowMs + this.parts.chance.int(1, ANSWER_MS_MAX);
    this.#answer = { row, askedAtMs: nowMs, atMs, saidHolding };
  }

  #reported(nowMs: number, holding: boolean): InstanceReport {
    this.#began = this.#began.filter(({ atMs }) => atMs > nowMs - 60_000);
    const versions = new Set([
      ...this.#calls.map(({ version }) => version),
      ...this.#began.map(({ version }) => version),
    ]);
    versions.delete(0);
    const sent = this.#calls.filter(({ heldSinceMs }) => heldSinceMs === undefined);
    const uses = [...versions].map((version) => {
      const open = sent.filter((call) => call.version === version);
      return {
        version,
        open: open.length,
        unanswered: open.filter(({ answeredAtMs }) => answeredAtMs > nowMs).length,
        recent: this.#began.filter((one) => one.version === version).length,
      };
    });
    const serial = this.#row?.serial ?? 0;
    return { instanceId: this.id, credentials: [{ ref: this.parts.ref, serial, holding, uses }] };
  }

  #takeAnswer(nowMs: number): void {
    const answer = this.#answer;
    if (answer === undefined || answer.atMs > nowMs) return;
    this.#answer = undefined;
    this.#askedAtMs = answer.askedAtMs;
    const { row, saidHolding } = answer;
    if (row?.serial !== this.#row?.serial) this.#wantsRelease = false;
    this.#row = row;
    if (row?.gate !== 'quiescing' || saidHolding || !this.#wantsRelease) return;
    this.#releasedSerial = row.serial;
  }

  /** Begins what may begin, turns away what has waited for too long. */
  async #release(nowMs: number): Promise<void> {
    const isKnown = nowMs - this.#askedAtMs <= CENSUS_VALID_MS;
    const held = this.#calls.filter(({ heldSinceMs }) => heldSinceMs !== undefined);
    const row = this.#row;
    for (const call of held) {
      const waitedMs = nowMs - (call.heldSinceMs ?? nowMs);
      if (waitedMs > HOLD_MS_MAX) this.#turnAway(call);
      else if (isKnown && row !== undefined) await this.#decide(call, row, nowMs);
    }
  }

  async #decide(call: Call, row: ManagedCredential, nowMs: number): Promise<void> {
    if (this.#holds()) {
      const waitedMs = nowMs - (call.heldSinceMs ?? nowMs);
      this.#wantsRelease ||= row.gate === 'quiescing' && waitedMs > QUIESCE_MS_MAX;
    } else if (row.state === 'breaker_open') this.#turnAway(call);
    else if (call.refusedWith === undefined) this.#send(call, row.currentVersion, nowMs);
    else await this.#repeat(call, row, nowMs);
  }

  #turnAway(call: Call): void {
    this.#calls = this.#calls.filter((one) => one !== call);
    if (call.refusedWith === undefined) this.parts.sum.turnedAway += 1;
    else this.#countRefused(call);
  }

  #send(call: Call, version: number, nowMs: number): void {
    const { chance } = this.parts;
    call.heldSinceMs = undefined;
    call.version = version;
    call.verdict = 'open';
    call.answeredAtMs =
      nowMs + (chance.happens(0.05) ? chance.int(500, 3_000) : chance.int(20, 300));
    call.judgedAtMs = nowMs + chance.int(5, Math.min(call.answeredAtMs - nowMs, 1_500));
    call.endsAtMs = call.answeredAtMs + (chance.happens(0.05) ? chance.int(500, 4_000) : 20);
    this.#began.push({ version, atMs: nowMs });
  }

  /** The legacy system judges what it was sent, whatever became of who sent it. */
  async #judgeAll(nowMs: number): Promise<void> {
    for (const call of [...this.#calls]) {
      if (call.heldSinceMs !== undefined || call.verdict !== 'open' || call.judgedAtMs > nowMs)
        continue;
      const value = await this.parts.read(call.version);
      const isUp = this.parts.account.isReachable;
      // A version that somebody deleted before it was read: 503, and nothing reaches the legacy system.
      if (value === undefined) {
        this.#calls = this.#calls.filter((one) => one !== call);
        this.parts.sum.turnedAway += 1;
      } else this.#judge(call, isUp ? this.parts.account.call(value) : 'ok', nowMs);
    }
  }

  #judge(call: Call, result: ReturnType<ReplicatedAccount['call']>, nowMs: number): void {
    call.verdict = result === 'ok' ? 'accepted' : 'refused';
    call.isRefusedByReplica = result === 'not_known_here';
    if (call.verdict === 'refused') call.answeredAtMs = nowMs;
  }

  async #settleAll(nowMs: number): Promise<void> {
    for (const call of [...this.#calls]) {
      if (call.heldSinceMs !== undefined || call.verdict === 'open') continue;
      if (call.verdict === 'refused') await this.#refused(call, nowMs);
      else if (call.endsAtMs <= nowMs) await this.#accepted(call);
    }
  }

  async #accepted(call: Call): Promise<void> {
    this.#calls = this.#calls.filter((one) => one !== call);
    this.parts.sum.accepted += 1;
    if (call.usesFallback) await this.#tell(call, call.refusedWith ?? 0, true);
  }

  /** Asks the census anew before anything is sent once more; a call that cannot be repeated fails. */
  async #refused(call: Call, nowMs: number): Promise<void> {
    const isFirst = call.refusedWith === undefined;
    if (isFirst) call.refusedWith = call.version;
    if (!isFirst || !call.mayRepeat) return this.#fail(call);
    call.heldSinceMs = nowMs;
    this.#askedAtMs = Number.NEGATIVE_INFINITY;
    this.#answer = undefined;
    this.#reportDueMs = nowMs;
  }

  async #repeat(call: Call, row: ManagedCredential, nowMs: number): Promise<void> {
    if (row.currentVersion !== call.refusedWith) this.#send(call, row.currentVersion, nowMs);
    else if (row.fallbackVersion !== undefined) {
      call.usesFallback = true;
      this.#send(call, row.fallbackVersion, nowMs);
    } else await this.#fail(call);
  }

  async #fail(call: Call): Promise<void> {
    this.#calls = this.#calls.filter((one) => one !== call);
    this.#countRefused(call);
    await this.#tell(call, call.refusedWith ?? call.version, false);
  }

  /** What a replica refuses can be helped only while there is another value to send the call with once more. */
  #countRefused({ isRefusedByReplica, mayRepeat }: Call): void {
    const hasOther = this.#row?.fallbackVersion !== undefined;
    const isUnavoidable = isRefusedByReplica && !(mayRepeat && hasOther);
    this.parts.sum[isUnavoidable ? 'refusedByReplicas' : 'refused'] += 1;
  }

  async #tell(call: Call, version: number, fallbackWorked: boolean): Promise<void> {
    const refusal: CredentialRefusal = {
      ...{ ref: this.parts.ref, version, status: 401 },
      ...{ callId: call.id, fallbackWorked },
    };
    await this.parts.census.refused([refusal]);
  }
}
