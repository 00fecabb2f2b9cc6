import { type BenignTraffic } from './benign.js';
import { type Doings, type SimulatedHandle } from './doings.js';
import { MINUTE_MS, SECOND_MS } from './model.js';
import { type Attack } from './recorder.js';
import { type Caller, type Workload } from './workloads.js';

/** What an attacker has to work with. */
export interface Scene {
  readonly doings: Doings;
  readonly benign: BenignTraffic;
  /** The workload whose token, handle or pod was taken. */
  readonly victim: Workload;
  readonly at: number;
  /** Where the attacker is, and what it shows itself as. */
  readonly attacker: Caller;
  readonly variant: string;
  readonly attack: Attack;
}

/** The victim's own session, which is no attack. */
export const ownSession = ({ benign, victim, at }: Scene, before = 5): SimulatedHandle =>
  benign.session(victim, victim.replicas[0]!, at - before * SECOND_MS);

export const minutes = (count: number): number => count * MINUTE_MS;
