import { launch } from './attacks.js';
import { BenignTraffic, sessionsOn } from './benign.js';
import { Chance } from './chance.js';
import { Doings } from './doings.js';
import { DAY_MS, FIRST_DAY_MS, MODEL, type Volume } from './model.js';
import { Nuisances } from './nuisances.js';
import { Recorder, type Attack, type SimulatedEvent } from './recorder.js';
import { makeWorkloads, type Workload } from './workloads.js';

/** Of an exchange: that it was permitted, and that there is a handle. */
const EVENTS_OF_EXCHANGE = 2;

/**
 * Brokered traffic of three deployments over days. The same for the same volume; nothing but its seed decides. Each day is
 * given in the order in which its events arrive, and each event once.
 */
export class SimulatedTraffic {
  readonly attacks: readonly Attack[];
  readonly workloads: readonly Workload[];
  readonly #recorder: Recorder;
  readonly #benign: BenignTraffic;
  readonly #nuisances: Nuisances;

  constructor(private readonly volume: Volume) {
    const chance = new Chance(volume.seed);
    const { workloads: count, days } = volume;
    this.workloads = makeWorkloads(count, chance.fork('workloads'));
    this.#recorder = new Recorder(chance.fork('recorder'), days);
    const doings = new Doings(chance.fork('doings'), this.#recorder);
    this.#benign = new BenignTraffic(doings, this.workloads, sessionsOfDay(this.workloads, volume));
    this.#nuisances = new Nuisances(doings, this.#benign, this.workloads);
    // Attackers have a chance of their own: benign traffic is drawn alike with and without them.
    const attackers = new Doings(chance.fork('attacks'), this.#recorder);
    this.attacks = launch(attackers, this.#benign, this.workloads, volume);
  }

  *days(): Generator<readonly SimulatedEvent[]> {
    for (let day = 0; day < this.volume.days; day += 1) {
      this.#benign.live(day);
      this.#nuisances.happen(day);
      yield this.#recorder.taken(FIRST_DAY_MS + (day + 1) * DAY_MS);
    }
    const rest = this.#recorder.taken(Infinity);
    if (rest.length > 0) yield rest;
  }
}

/** So many that all together are about the events that were asked for. */
function sessionsOfDay(workloads: readonly Workload[], { events, days }: Volume): number {
  let sum = 0;
  for (let day = 0; day < days; day += 1) {
    for (const workload of workloads) {
      if (workload.kind !== 'batch') sum += sessionsOn(workload, day);
    }
  }
  return events / (sum * (EVENTS_OF_EXCHANGE + MODEL.callsMean));
}
