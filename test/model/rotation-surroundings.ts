import { isEnded } from '#rotation';
import {
  aRotation,
  InMemoryCredentialCensus,
  legacyFields,
  TEST_ROTATED_REF as ref,
} from '#testing';
import { type CallSum, ProxyInstance } from './proxy-instance.js';
import { RotationParts } from './rotation-parts.js';

export const TICK_MS = 25;
const WATCH_MS = 10_000;
const BREAKER_MS = 1_000;

/** What goes on beside the rotators: proxies with their calls, administrators, outages, the watch over versions, the breaker. */
export abstract class RotationSurroundings extends RotationParts {
  readonly sum: CallSum = { accepted: 0, refused: 0, refusedByReplicas: 0, turnedAway: 0 };
  /** From then on calls may fail for what an administrator did. */
  isBroken = false;
  mostActive = 0;
  readonly #instances: ProxyInstance[] = [];
  #isInterfered = false;
  #isWatching = true;
  #watchDueMs = WATCH_MS;
  #breakerDueMs = 0;
  #isPassing = false;

  /** Rotators that stood still go on. */
  protected abstract wake(): void;

  protected startProxies(): void {
    const census = new InMemoryCredentialCensus(this.world, this.events);
    const { account, chance, sum } = this;
    const read = (version: number): Promise<string | undefined> => this.valueOfVersion(version);
    for (let count = 1; count <= this.scenario.instances; count += 1) {
      this.#instances.push(
        new ProxyInstance(`proxy-${count}`, { census, ref, account, chance, read, sum }),
      );
    }
  }

  /** No more rotations begin, and no more calls; those under way end. */
  protected async comeToRest(): Promise<void> {
    this.#isWatching = false;
    await this.pass(AFTERWARDS_MS, true);
    const isBusy = (): boolean => this.#instances.some((one) => !one.isDead && !one.isIdle);
    for (let ms = 0; ms < CALLS_END_MS && isBusy(); ms += TICK_MS) await this.tick(false);
  }

  /** Before time is passed over: no call waits through that. */
  protected async repeatsEnd(): Promise<void> {
    const isBusy = (): boolean => this.#instances.some((one) => !one.isDead && one.isRepeating);
    for (let ms = 0; ms < REPEATS_END_MS && isBusy(); ms += TICK_MS) await this.tick(false);
  }

  protected async pass(ms: number, mayBegin: boolean): Promise<void> {
    for (let passed = 0; passed < ms; passed += TICK_MS) await this.tick(mayBegin);
  }

  protected async tick(mayBegin: boolean): Promise<void> {
    if (this.#isPassing) return;
    this.#isPassing = true;
    this.clock.advance(TICK_MS / 1_000);
    const nowMs = this.clock.now().getTime();
    this.#trouble(nowMs);
    this.wake();
    this.account.settle();
    for (const instance of this.#instances) await instance.tick(nowMs, mayBegin);
    await this.#interfere();
    await this.#watch();
    await this.#tryBreaker();
    const active = [...this.world.rotations.values()].filter(
      ({ rotation }) => !isEnded(rotation.state),
    );
    this.mostActive = Math.max(this.mostActive, active.length);
    this.#isPassing = false;
  }

  #trouble(nowMs: number): void {
    const { outage, trouble } = this.scenario;
    this.account.isReachable =
      outage === undefined || this.elapsedMs < outage.fromMs || this.elapsedMs >= outage.toMs;
    const instance = this.#instances.at(-1);
    if (trouble === undefined || instance === undefined) return;
    if (this.elapsedMs < trouble.atMs || this.elapsedMs > trouble.atMs + TICK_MS) return;
    if (trouble.what === 'dies') instance.isDead = true;
    else if (trouble.what === 'stalls') instance.stalledUntilMs = nowMs + trouble.forMs;
    else instance.cutOffUntilMs = nowMs + trouble.forMs;
  }

  async #interfere(): Promise<void> {
    const { what, atMs } = this.scenario.interference;
    if (this.#isInterfered || what === 'none' || this.elapsedMs < atMs) return;
    this.#isInterfered = true;
    if (what === 'writes_wrong') await this.values.put(ref, legacyFields('admins-wrong'));
    else if (what === 'deletes') this.values.mark(ref, this.values.newest(ref), 'deleted');
    else {
      // He changes the account: with one value ours is dead from here on, and with two his takes the place of all.
      this.isBroken = true;
      this.account.valid = new Set(['admins']);
      if (what === 'writes_right') await this.values.put(ref, legacyFields('admins'));
    }
  }

  async #watch(): Promise<void> {
    if (!this.#isWatching || this.elapsedMs < this.#watchDueMs) return;
    this.#watchDueMs = this.elapsedMs + WATCH_MS;
    const mark = await this.values.currentVersion(ref).catch(() => undefined);
    if (mark === undefined || mark.version <= this.row.currentVersion) return;
    const now = this.clock.now();
    await this.store.request(
      aRotation({
        ...{ kind: 'external', origin: 'vault', trigger: 'vault_change', toVersion: mark.version },
        ...{ occurrence: `version ${mark.version}`, requestedAt: now, stateSince: now, dueAt: now },
        deadlineAt: new Date(now.getTime() + 1_800_000),
      }),
      [],
    );
  }

  async #tryBreaker(): Promise<void> {
    if (this.elapsedMs < this.#breakerDueMs) return;
    this.#breakerDueMs = this.elapsedMs + BREAKER_MS;
    const due = await this.book.takeDueBreaker();
    if (due === undefined || !this.account.isReachable) return;
    const reservation = await this.budget.reserve(ref, { failuresMax: 2, perSeconds: 900 });
    if (reservation.kind === 'spent') return;
    const result = this.account.login((await this.valueOfVersion(due.version)) ?? '', 'rotator');
    await this.budget.settle(ref, reservation.id, result);
    if (result === 'ok') await this.book.closeBreaker(ref, due.version, []);
  }
}

/** After the last rotation rests. */
const AFTERWARDS_MS = 1_500;
const CALLS_END_MS = 4_000;
const REPEATS_END_MS = 10_000;
