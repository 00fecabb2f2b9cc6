import { type Chance } from './chance.js';
import { type Doings, type SimulatedHandle } from './doings.js';
import {
  BACKGROUND,
  DAY_MS,
  DIURNAL,
  FIRST_DAY_MS,
  HANDLE_SECONDS,
  HOUR_MS,
  MINUTE_MS,
  MODEL,
  NUISANCES,
  SECOND_MS,
  WEEKEND,
} from './model.js';
import { type Label } from './recorder.js';
import { callerOf, type Replica, type Workload } from './workloads.js';

const BENIGN: Label = {};

/** Two versions of a workload that run side by side for a while. */
interface Release {
  readonly from: number;
  readonly until: number;
  readonly before: number;
}

/** What honest workloads do on a day, nuisances of single exchanges and calls included. */
export class BenignTraffic {
  readonly #releases = new Map<Workload, Release>();

  constructor(
    private readonly doings: Doings,
    private readonly workloads: readonly Workload[],
    /** Sessions of a workload of median weight in a day of full hours. */
    private readonly sessionsOfDay: number,
  ) {}

  /** The day by its number, from 0. */
  live(day: number): void {
    for (const workload of this.workloads) {
      if (this.doings.chance.happens(NUISANCES.blueGreen.perWorkloadDay)) {
        this.#release(workload, day);
      }
      for (const at of this.#starts(workload, day)) {
        this.session(workload, this.doings.chance.of(workload.replicas), at);
      }
    }
  }

  versionOf(workload: Workload, at: number): string {
    const release = this.#releases.get(workload);
    if (release === undefined) return '1.0.0';
    const isOld = at < release.from || (at < release.until && this.doings.chance.happens(0.5));
    return `1.${isOld ? release.before : release.before + 1}.0`;
  }

  /** An exchange, and the calls that its handle is for. */
  session(
    workload: Workload,
    replica: Replica,
    at: number,
    label: Label = BENIGN,
  ): SimulatedHandle {
    const { chance } = this.doings;
    const resource = chance.of(workload.resources);
    if (chance.happens(NUISANCES.timeoutRetry.perSession)) {
      this.#retried(workload, replica, resource, at);
    }
    const caller = this.caller(workload, replica, at);
    const handle = this.doings.exchange(workload, resource, { at, caller, label });
    if (workload.kind === 'batch') this.#export(handle, replica, label);
    else this.#calls(handle, replica, label);
    this.#useLate(handle, replica);
    return handle;
  }

  caller(workload: Workload, replica: Replica, at: number) {
    return callerOf(workload, replica, this.versionOf(workload, at), this.doings.chance);
  }

  #starts(workload: Workload, day: number): readonly number[] {
    const { chance } = this.doings;
    const midnight = FIRST_DAY_MS + day * DAY_MS;
    if (workload.kind === 'batch') {
      return [midnight + (workload.startMinute + chance.between(-5, 5)) * MINUTE_MS];
    }
    const mean = sessionsOn(workload, day) * this.sessionsOfDay;
    if (workload.kind === 'poller') {
      const count = Math.round(mean);
      return Array.from(
        { length: count },
        (_, index) => midnight + (index + 0.5) * (DAY_MS / count),
      );
    }
    return Array.from({ length: chance.poisson(mean) }, () => midnight + momentOfDay(chance));
  }

  #calls(handle: SimulatedHandle, replica: Replica, label: Label): void {
    const { chance } = this.doings;
    const { workload } = handle;
    const end = handle.at + HANDLE_SECONDS * SECOND_MS * 0.9;
    const gap = (0.5 * HANDLE_SECONDS * SECOND_MS) / MODEL.callsMean;
    let at = handle.at + chance.between(20, 400);
    do {
      const user = workload.sharesHandles ? chance.of(workload.replicas) : replica;
      this.doings.call(handle, { at, caller: this.caller(workload, user, at), label });
      at += chance.exponential(gap);
    } while (at < end && chance.happens(1 - 1 / MODEL.callsMean));
  }

  #export(handle: SimulatedHandle, replica: Replica, label: Label): void {
    const { chance } = this.doings;
    const bytes = chance.lognormal(MODEL.batchBytesMedian, MODEL.batchBytesSigma);
    for (let call = 0; call < MODEL.batchCalls; call += 1) {
      const at = handle.at + (call + 1) * 15 * SECOND_MS;
      const caller = this.caller(handle.workload, replica, at);
      const data = { bytes_out: Math.round(bytes / MODEL.batchCalls) };
      this.doings.call(handle, { at, caller, label }, data);
    }
  }

  /** The answer was lost: the same token comes again, is denied, and a new one follows. */
  #retried(workload: Workload, replica: Replica, resource: string, before: number): void {
    const { chance } = this.doings;
    const label = { nuisance: 'timeout retry' };
    const [least, most] = NUISANCES.timeoutRetry.withinSeconds;
    const at = before - (most + 2) * SECOND_MS;
    const caller = this.caller(workload, replica, at);
    const first = this.doings.exchange(workload, resource, { at, caller, label });
    const again = at + chance.between(least, most) * SECOND_MS;
    this.doings.deniedExchange(
      workload,
      { at: again, caller: this.caller(workload, replica, again), label },
      {
        reason: 'replayed',
        error: 'invalid_grant',
        ...{ subject_token_fp: first.fingerprint, prior_exchange_id: first.exchangeId },
        prior_env: workload.environment,
      },
    );
  }

  #useLate(handle: SimulatedHandle, replica: Replica): void {
    const { chance } = this.doings;
    if (!chance.happens(BACKGROUND.expiredUse.perSession)) return;
    const label = { nuisance: 'use after expiry' };
    for (let left = chance.int(1, BACKGROUND.expiredUse.most); left > 0; left -= 1) {
      const at = handle.at + (HANDLE_SECONDS + chance.between(1, 90)) * SECOND_MS;
      const caller = this.caller(handle.workload, replica, at);
      this.doings.deadCall(handle, { at, caller, label }, 'expired');
    }
  }

  #release(workload: Workload, day: number): void {
    const { chance } = this.doings;
    const [least, most] = NUISANCES.blueGreen.hours;
    const from = FIRST_DAY_MS + day * DAY_MS + chance.between(6, 18) * HOUR_MS;
    const before = (this.#releases.get(workload)?.before ?? -1) + 1;
    const until = from + chance.between(least, most) * HOUR_MS;
    this.#releases.set(workload, { from, until, before });
  }
}

const isWeekend = (day: number): boolean => day % 7 >= 5;

/** How busy the day is for the workload, as a multiple of `sessionsOfDay`. */
export function sessionsOn(workload: Workload, day: number): number {
  const { kind, weight, replicas } = workload;
  if (kind === 'ci' && isWeekend(day)) return 0;
  return weight * replicas.length * (isWeekend(day) ? WEEKEND : 1);
}

const DIURNAL_SUM = DIURNAL.reduce((sum, part) => sum + part, 0);

function momentOfDay(chance: Chance): number {
  let left = chance.next() * DIURNAL_SUM;
  const hour = DIURNAL.findIndex((part) => (left -= part) < 0);
  return (Math.max(0, hour) + chance.next()) * HOUR_MS;
}
