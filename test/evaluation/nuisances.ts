import { type BenignTraffic } from './benign.js';
import { type Doings } from './doings.js';
import {
  BACKGROUND,
  DAY_MS,
  type Environment,
  environments,
  FIRST_DAY_MS,
  MINUTE_MS,
  NUISANCES,
  SECOND_MS,
} from './model.js';
import { addressAbroad, zonesOf } from './places.js';
import { type Label } from './recorder.js';
import { makeReplica, RESOURCES, type Workload } from './workloads.js';

/**
 * What happens to many workloads of an honest installation now and then, and to its edges all the time. Address pools,
 * dual stack, new versions and retries are in each session; skew and outages in how events are written and read.
 */
export class Nuisances {
  constructor(
    private readonly doings: Doings,
    private readonly benign: BenignTraffic,
    private readonly workloads: readonly Workload[],
  ) {}

  happen(day: number): void {
    for (const workload of this.workloads) this.#to(workload, day);
    for (const environment of environments) {
      this.#rotations(environment, day);
      this.#edge(environment, day);
    }
  }

  #to(workload: Workload, day: number): void {
    const { chance } = this.doings;
    const { podReschedule, scaleOut, certificateRenewal } = NUISANCES;
    for (const replica of workload.replicas) {
      if (chance.happens(podReschedule.perReplicaDay)) {
        this.#reschedule(workload, replica, this.#moment(day));
      }
    }
    if (workload.kind === 'service' && chance.happens(scaleOut.perServiceDay)) {
      this.#scaleOut(workload, this.#moment(day));
    }
    const isBound = workload.binding === 'mtls';
    if (isBound && chance.happens(certificateRenewal.perBoundWorkloadDay)) {
      this.#renew(workload, this.#moment(day));
    }
  }

  /** The pod starts again in another place; where handles are shared, it goes on with the one that is there. */
  #reschedule(workload: Workload, replica: Workload['replicas'][number], at: number): void {
    const { chance } = this.doings;
    const label = { nuisance: 'pod reschedule' };
    const zone = chance.of(zonesOf(workload.environment));
    const moved = makeReplica(workload.natPool === undefined ? zone : replica.zone, chance);
    const handle = this.benign.session(workload, replica, at, label);
    if (!workload.sharesHandles) {
      this.benign.session(workload, moved, at + 40 * SECOND_MS, label);
      return;
    }
    for (let call = 0; call < 3; call += 1) {
      const later = at + (60 + call * 20) * SECOND_MS;
      const caller = this.benign.caller(workload, moved, later);
      this.doings.call(handle, { at: later, caller, label });
    }
  }

  #scaleOut(workload: Workload, at: number): void {
    const { chance } = this.doings;
    const { factor, overSeconds } = NUISANCES.scaleOut;
    const label = { nuisance: 'scale-out' };
    for (let index = 0; index < workload.replicas.length * factor; index += 1) {
      const { zone } = chance.of(workload.replicas);
      const begun = at + chance.between(0, overSeconds) * SECOND_MS;
      this.benign.session(workload, makeReplica(zone, chance), begun, label);
    }
  }

  /** With the old certificate its handle goes too; what was under way with it is denied, and sometimes a bit more. */
  #renew(workload: Workload, at: number): void {
    const { chance } = this.doings;
    const { inFlight, stale } = NUISANCES.certificateRenewal;
    const label = { nuisance: 'certificate renewal' };
    const replica = chance.of(workload.replicas);
    const act = (after: number) => ({
      at: at + after * SECOND_MS,
      caller: this.benign.caller(workload, replica, at),
      label,
    });
    const resource = chance.of(workload.resources);
    const old = this.doings.exchange(workload, resource, act(0));
    this.doings.call(old, act(2));
    this.doings.revoke(old, act(20), 'the certificate was renewed');
    this.doings.call(this.doings.exchange(workload, resource, act(21)), act(22));
    if (chance.happens(inFlight)) {
      this.doings.deadCall(old, act(20 + chance.between(0.1, 4)), 'revoked');
    }
    if (chance.happens(stale)) {
      for (let tries = chance.int(1, 4); tries > 0; tries -= 1) {
        this.doings.deadCall(old, act(20 + chance.between(6, 50)), 'revoked');
      }
    }
  }

  #rotations(environment: Environment, day: number): void {
    const { chance } = this.doings;
    const { perResourceDay, overSeconds } = NUISANCES.rotation;
    const label = { nuisance: 'rotation' };
    for (const resource of RESOURCES.filter(() => chance.happens(perResourceDay))) {
      const at = this.#moment(day);
      const users = this.workloads.filter(
        (one) => one.environment === environment && one.resources.includes(resource),
      );
      for (const workload of users) {
        const caller = this.benign.caller(workload, chance.of(workload.replicas), at);
        const handle = this.doings.exchange(workload, resource, { at, caller, label });
        const later = at + chance.between(1, overSeconds) * SECOND_MS;
        const versions = { credential_version: day + 2, refused_version: day + 1 };
        this.doings.call(handle, { at: later, caller, label }, versions);
        this.doings.deniedCall(
          environment,
          { at: later + 300, caller, label },
          { handle_id: handle.id, resource, reason: 'credential_unavailable' },
        );
      }
    }
  }

  /** What an installation sees without anybody meaning it: old handles, damaged ones, a grant with a mistake. */
  #edge(environment: Environment, day: number): void {
    const { chance } = this.doings;
    const label = { nuisance: 'background' };
    for (let left = chance.poisson(BACKGROUND.unknownHandle.perDay); left > 0; left -= 1) {
      this.#present(environment, day, { checksum_ok: true, reason: 'unknown' });
    }
    for (let left = chance.poisson(BACKGROUND.malformedHandle.perDay); left > 0; left -= 1) {
      this.#present(environment, day, { checksum_ok: false, reason: 'malformed' });
    }
    if (chance.happens(BACKGROUND.policyTypo.perDay)) this.#typo(environment, day, label);
    for (let left = chance.poisson(BACKGROUND.proofSkewed.perDay); left > 0; left -= 1) {
      const caller = { ip: `${zonesOf(environment)[0]!.four}.1.${chance.int(1, 254)}` };
      const act = { at: this.#moment(day), caller, label };
      this.doings.deniedCall(environment, act, { reason: 'proof_invalid' });
    }
  }

  #present(
    environment: Environment,
    day: number,
    what: { readonly checksum_ok: boolean; readonly reason: 'unknown' | 'malformed' },
  ): void {
    const { chance } = this.doings;
    const { unknownHandle, malformedHandle } = BACKGROUND;
    const most = what.reason === 'unknown' ? unknownHandle.most : malformedHandle.most;
    const at = this.#moment(day);
    const caller = { ip: addressAbroad(chance) };
    const label: Label = { nuisance: 'background' };
    for (let left = chance.int(1, most); left > 0; left -= 1) {
      const later = at + chance.between(0, 4) * MINUTE_MS;
      const data = { ...what, handle_fp: chance.hex(32) };
      this.doings.deniedCall(environment, { at: later, caller, label }, data);
    }
  }

  /** One resource that a workload has to have, and is not granted: it asks again and again. */
  #typo(environment: Environment, day: number, label: Label): void {
    const { chance } = this.doings;
    const workload = this.workloads.find((one) => one.environment === environment);
    if (workload === undefined) return;
    const [least, most] = BACKGROUND.policyTypo.tries;
    const at = this.#moment(day);
    for (let tries = chance.int(least, most); tries > 0; tries -= 1) {
      const later = at + chance.between(0, 8) * MINUTE_MS;
      const caller = this.benign.caller(workload, chance.of(workload.replicas), later);
      const asked = { audience: workload.resources[0]!, reason: 'scope_not_allowed' } as const;
      this.doings.deniedExchange(workload, { at: later, caller, label }, asked);
    }
  }

  /** An hour or more before midnight, so that a day is whole in itself. */
  #moment(day: number): number {
    return FIRST_DAY_MS + day * DAY_MS + this.doings.chance.between(0.005, 0.955) * DAY_MS;
  }
}
