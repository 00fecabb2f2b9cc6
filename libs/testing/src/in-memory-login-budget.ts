import { type SecretRef } from '#credentials';
import { randomId } from '#kernel';
import { type LoginAllowance, LoginBudget, type ProbeResult, type Reservation } from '#rotation';
import {
  type InMemoryRotationWorld,
  refMark,
  type StoredLogin,
} from './in-memory-rotation-world.js';

/** A login that was begun has failed by then, or never will. */
const LOGIN_MS_MAX = 30_000;
/** Those that are under way may be given back at any moment. */
const ASK_AGAIN_MS = 5_000;

/** The budget of failing logins, in memory. */
export class InMemoryLoginBudget extends LoginBudget {
  constructor(private readonly world: InMemoryRotationWorld) {
    super();
  }

  override async reserve(
    ref: SecretRef,
    { failuresMax, perSeconds }: LoginAllowance,
  ): Promise<Reservation> {
    this.world.assertReachable();
    const { nowMs } = this.world;
    const counted = this.#logins(ref)
      .filter(({ failsAtMs }) => failsAtMs > nowMs - perSeconds * 1000)
      .map(({ failsAtMs }) =>
        failsAtMs > nowMs ? nowMs + ASK_AGAIN_MS : failsAtMs + perSeconds * 1000,
      )
      .sort((one, other) => one - other);
    if (counted.length >= failuresMax) {
      const untilMs = counted[counted.length - failuresMax] ?? nowMs + perSeconds * 1000;
      return { kind: 'spent', until: new Date(untilMs) };
    }
    const id = randomId('login');
    this.#logins(ref).push({ id, failsAtMs: nowMs + LOGIN_MS_MAX });
    return { kind: 'reserved', id };
  }

  override async settle(ref: SecretRef, id: string, result: ProbeResult): Promise<void> {
    this.world.assertReachable();
    const logins = this.#logins(ref);
    const login = logins.find((one) => one.id === id);
    if (login === undefined) return;
    if (result === 'fail') login.failsAtMs = Math.min(login.failsAtMs, this.world.nowMs);
    else logins.splice(logins.indexOf(login), 1);
  }

  #logins(ref: SecretRef): StoredLogin[] {
    const known = this.world.logins.get(refMark(ref)) ?? [];
    this.world.logins.set(refMark(ref), known);
    return known;
  }
}
