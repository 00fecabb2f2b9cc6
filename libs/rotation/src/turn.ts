import { SecretNotFound } from '#credentials';
import { type PosternEvent } from '#events';
import { PosternError } from '#kernel';
import { type CredentialChanger, TargetUnreachable } from './credential-changer.js';
import { type ProbeAnswer } from './credential-probe.js';
import { type Move, moved, type RotationFields } from './move.js';
import { type SecretFields } from './rotated-secrets.js';
import { type RotationEngineParts } from './rotation-engine-parts.js';
import { type RotationPlan } from './rotation-plan.js';
import { type LeasedRotation, RotationLeaseLost } from './rotation-store.js';
import { type Rotation } from './rotation.js';

/**
 * A lease lasts this long, and is renewed while a step runs. Calls may be held back by a rotator that has died: the next one
 * must have gone on well before HOLD_MS_MAX.
 */
export const ROTATION_LEASE_MS = 3_000;

/** No login may be tried before `until`: more could fail than the account takes. */
export class LoginBudgetSpent extends PosternError {
  override readonly code = 'login-budget-spent';

  constructor(readonly until: Date) {
    super(
      'the budget of failing logins is spent: nothing is tried until one of them is old enough',
    );
  }
}

/** What is registered says nothing of how to go on. */
export class RotationTermsUnfit extends PosternError {
  override readonly code = 'rotation-terms-unfit';
}

/** One turn of one rotation: what a step looks at and works with. */
export class Turn {
  readonly now: Date;
  #rotation: Rotation;
  #isUnsure = false;

  constructor(
    readonly lease: LeasedRotation,
    readonly parts: RotationEngineParts,
    /** Its state was committed just now, by us, and nothing was done in it yet: there is nothing to probe for. */
    readonly isFresh: boolean,
  ) {
    this.now = parts.clock.now();
    this.#rotation = lease.rotation;
  }

  /** @throws RotationTermsUnfit */
  get plan(): RotationPlan {
    const { id, resource } = this.#rotation;
    const plan = this.parts.plans.get(resource);
    if (plan !== undefined) return plan;
    throw new RotationTermsUnfit(
      `no rotation is registered for ${resource}: rotation ${id} cannot go on; put it back, or abandon it`,
    );
  }

  get rotation(): Rotation {
    return this.#rotation;
  }

  /** A commit was begun, and its outcome is not known: nothing may be committed on top of it. */
  get isUnsure(): boolean {
    return this.#isUnsure;
  }

  get elapsedMs(): number {
    return this.now.getTime() - this.rotation.stateSince.getTime();
  }

  get isOverdue(): boolean {
    return this.now.getTime() >= this.rotation.deadlineAt.getTime();
  }

  /** @throws RotationTermsUnfit */
  get changer(): CredentialChanger {
    if (this.plan.changer !== undefined) return this.plan.changer;
    throw new RotationTermsUnfit(
      `nothing is registered that changes the credential of ${this.rotation.resource}: add rotation.change`,
    );
  }

  /** The version that calls used when it began. @throws SecretNotFound, SecretStoreUnavailable */
  async current(): Promise<SecretFields> {
    const { ref, fromVersion } = this.rotation;
    return (await this.parts.values.read(ref, fromVersion ?? 0)).fields;
  }

  /** The same; undefined when it is gone from the store, so that nobody can use it any more. */
  async currentIfThere(): Promise<SecretFields | undefined> {
    return absentAsUndefined(this.current());
  }

  /** The pending value; undefined: there is none (any more). */
  pending(): Promise<SecretFields | undefined> {
    return this.parts.secrets.staged(this.rotation.ref, stagedAs(this.rotation));
  }

  /** Keeps the pending value, unless there is one already. */
  stage(fields: SecretFields): Promise<void> {
    return this.parts.secrets.stage(this.rotation.ref, stagedAs(this.rotation), fields);
  }

  /** One version; undefined when it is not there (any more). */
  async version(number: number): Promise<SecretFields | undefined> {
    const reading = this.parts.values.read(this.rotation.ref, number);
    return absentAsUndefined(reading.then(({ fields }) => fields));
  }

  /**
   * The newest version there is. When that one was deleted: the version that calls use, because nothing newer is known.
   */
  async newest(): Promise<number> {
    const { ref, fromVersion = 0 } = this.rotation;
    const mark = await absentAsUndefined(this.parts.values.currentVersion(ref));
    return mark?.version ?? fromVersion;
  }

  /**
   * Tries a value within the budget of the account.
   * @throws LoginBudgetSpent; TargetUnreachable: then nothing is known, and nothing was spent
   */
  async tried(how: 'login' | 'verify', fields: SecretFields): Promise<ProbeAnswer> {
    const { probe } = this.plan;
    return this.budgeted(async () => {
      const answer = await (how === 'login' ? probe.login(fields) : probe.verify(fields));
      return { result: answer.result, value: answer };
    }).then((answer) => {
      if (answer.result !== 'unreachable') return answer;
      throw new TargetUnreachable(`the legacy system was not reached: ${answer.detail}`);
    });
  }

  /**
   * What may end in a failing login of the account, counted before it is done. `first` is done before it; when that fails,
   * nothing was tried, and it is given back. @throws LoginBudgetSpent, what `first` throws
   */
  async budgeted<T>(
    act: () => Promise<{ readonly result: ProbeAnswer['result']; readonly value: T }>,
    first: () => Promise<void> = async () => undefined,
  ): Promise<T> {
    const { budget } = this.parts;
    const { ref } = this.rotation;
    const reservation = await budget.reserve(ref, this.plan.allowance);
    if (reservation.kind === 'spent') throw new LoginBudgetSpent(reservation.until);
    await first().catch(async (error: unknown) => {
      await budget.settle(ref, reservation.id, 'unreachable').catch(() => undefined);
      throw error;
    });
    const { result, value } = await act();
    await budget.settle(ref, reservation.id, result);
    return value;
  }

  /**
   * To be asked right before something is changed outside: a rotator that stood still must not change what another one has
   * taken further. @throws RotationLeaseLost
   */
  async stillOurs(): Promise<void> {
    const { store, clock } = this.parts;
    const askedMs = clock.now().getTime();
    const isOurs = await store.renew(this.lease, ROTATION_LEASE_MS);
    // An answer that is looked at too late says nothing any more.
    if (isOurs && clock.now().getTime() - askedMs < ROTATION_LEASE_MS) return;
    throw new RotationLeaseLost(`rotation ${this.rotation.id} is leased to another rotator`);
  }

  /**
   * Commits what must be known before the next act of the step, should the process die in it.
   * @throws what RotationStore.commit throws
   */
  async writeDown(set: RotationFields, events: readonly PosternEvent[]): Promise<void> {
    const next = moved(this.#rotation, { to: this.#rotation.state, set }, this.now);
    this.#isUnsure = true;
    await this.parts.store.commit(this.lease, { next, events });
    this.#isUnsure = false;
    this.#rotation = next;
  }

  after(ms: number): Date {
    return new Date(this.now.getTime() + ms);
  }

  /** It stays, and looks again after so long. That is no failure. */
  again(ms: number): Move {
    const { state, waits } = this.rotation;
    return { to: state, set: { dueAt: this.after(ms), waits } };
  }
}

/** One step of a rotation: looks whether it is done, does it, and says what it came to. Never commits. */
export type Step = (turn: Turn) => Promise<Move>;

/** Each pending value of a rotation lies on a path of its own, so that no crash can leave it unclear which one it is. */
export const stagedAs = ({ id, values }: Pick<Rotation, 'id' | 'values'>): string =>
  values === 1 ? id : `${id}-${values}`;

export const sameFields = (one: SecretFields, other: SecretFields): boolean =>
  one.size === other.size &&
  [...one].every(([name, secret]) => other.get(name)?.matches(secret) === true);

function absentAsUndefined<T>(reading: Promise<T>): Promise<T | undefined> {
  return reading.catch((error: unknown) => {
    if (error instanceof SecretNotFound) return undefined;
    throw error;
  });
}
