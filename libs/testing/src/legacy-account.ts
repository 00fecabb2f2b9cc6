import { type FixedClock } from './fixed-clock.js';
import {
  ChangeRefused,
  CredentialChanger,
  CredentialProbe,
  type ProbeAnswer,
  type SecretFields,
  TargetUnreachable,
  type ValueChange,
} from '#rotation';
import { Secret } from '#kernel';

const LOCKING_FAILURES = 3;
/** Less than CHANGE_MS_MAX. */
const LATE_MS = 8_000;
const LOCK_MS = 15 * 60_000;

/**
 * What happens to the next change: it works; it is refused; it never arrives; its answer is lost; it is not made though the
 * answer says so; it takes effect long after nobody waits for it any more.
 */
export type ChangeFate = 'works' | 'refused' | 'not_sent' | 'answer_lost' | 'lies' | 'late';

export const legacyValue = (fields: SecretFields): string => fields.get('password')?.reveal() ?? '';
export const legacyFields = (value: string): SecretFields =>
  new Map([
    ['username', Secret.of('svc')],
    ['password', Secret.of(value)],
  ]);

/** An account of a legacy system: it takes one value or two, and is locked by three bad logins in 15 minutes. */
export class LegacyAccount {
  valid: Set<string>;
  isReachable = true;
  readonly fates: ChangeFate[] = [];
  readonly badLogins: { readonly atMs: number; readonly by: 'call' | 'rotator' }[] = [];
  lockouts = 0;
  #lockedUntilMs = 0;
  #late: { readonly atMs: number; readonly effect: () => void }[] = [];

  constructor(
    readonly slots: 1 | 2,
    first: string,
    private readonly clock: FixedClock,
  ) {
    this.valid = new Set([first]);
  }

  get nowMs(): number {
    return this.clock.now().getTime();
  }

  /** Something takes effect when it is looked at next after so long. */
  later(afterMs: number, effect: () => void): void {
    this.#late.push({ atMs: this.nowMs + afterMs, effect });
  }

  /** What was to take effect by now. */
  settle(): void {
    const due = this.#late.filter(({ atMs }) => atMs <= this.nowMs);
    this.#late = this.#late.filter(({ atMs }) => atMs > this.nowMs);
    for (const { effect } of due) effect();
  }

  login(value: string, by: 'call' | 'rotator'): 'ok' | 'fail' {
    this.settle();
    if (this.nowMs >= this.#lockedUntilMs && this.valid.has(value)) return 'ok';
    this.badLogins.push({ atMs: this.nowMs, by });
    const recent = this.badLogins.filter(({ atMs }) => atMs > this.nowMs - LOCK_MS);
    if (recent.length >= LOCKING_FAILURES && this.nowMs >= this.#lockedUntilMs) {
      this.lockouts += 1;
      this.#lockedUntilMs = this.nowMs + LOCK_MS;
    }
    return 'fail';
  }

  /** Most bad logins of the rotators within 15 minutes. */
  worstOfRotators(): number {
    const times = this.badLogins.filter(({ by }) => by === 'rotator').map(({ atMs }) => atMs);
    return Math.max(
      0,
      ...times.map((from) => times.filter((at) => at >= from && at < from + LOCK_MS).length),
    );
  }
}

/** Changes the account as one that logs in as itself, where there is one value; with an account of its own, where there are two. */
export class LegacyChanger extends CredentialChanger {
  override readonly reconcile: CredentialChanger['reconcile'];

  override readonly logsInAsAccount: boolean;

  constructor(
    private readonly account: LegacyAccount,
    hasReconcile: boolean,
  ) {
    super();
    this.logsInAsAccount = account.slots === 1;
    this.reconcile = hasReconcile
      ? async ({ next }) => {
          this.#assertReachable();
          this.#add(legacyValue(next));
        }
      : undefined;
  }

  override next(current: SecretFields, password: Secret): SecretFields {
    return new Map(current).set('password', password);
  }

  override async apply({ current, next }: ValueChange): Promise<void> {
    this.#assertReachable();
    const fate = this.account.fates.shift() ?? 'works';
    if (fate === 'not_sent') throw new TargetUnreachable('it never arrived');
    if (
      this.account.slots === 1 &&
      this.account.login(legacyValue(current), 'rotator') === 'fail'
    ) {
      throw new ChangeRefused('login', 'the account does not take the current value');
    }
    if (fate === 'refused') throw new ChangeRefused('policy', 'it was refused');
    if (fate === 'lies') return;
    if (fate === 'late') {
      this.account.later(LATE_MS, () => this.#add(legacyValue(next)));
      throw new TargetUnreachable('no answer came');
    }
    this.#add(legacyValue(next));
    if (fate === 'answer_lost') throw new TargetUnreachable('the answer was lost');
  }

  override async retire(change: {
    readonly old: SecretFields;
    readonly current: SecretFields;
  }): Promise<void> {
    this.#assertReachable();
    if (this.account.slots === 2) this.account.valid = new Set([legacyValue(change.current)]);
  }

  #add(value: string): void {
    if (this.account.slots === 1) this.account.valid = new Set([value]);
    else this.account.valid.add(value);
  }

  #assertReachable(): void {
    if (!this.account.isReachable) throw new TargetUnreachable('it cannot be reached');
  }
}

export class LegacyProbe extends CredentialProbe {
  constructor(private readonly account: LegacyAccount) {
    super();
  }

  override async login(fields: SecretFields): Promise<ProbeAnswer> {
    if (!this.account.isReachable) return { result: 'unreachable', detail: 'no answer' };
    const result = this.account.login(legacyValue(fields), 'rotator');
    return { result, detail: result === 'ok' ? '200' : '401' };
  }

  override verify(fields: SecretFields): Promise<ProbeAnswer> {
    return this.login(fields);
  }
}
