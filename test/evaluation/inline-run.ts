import { type Candidate, inlineCandidates, look } from '#detection';
import { Findings } from './findings.js';
import { IndexedHistory } from './indexed-history.js';
import { DAY_MS, environments, FIRST_DAY_MS, type Volume } from './model.js';
import { type Attack, type SimulatedEvent } from './recorder.js';
import { KNOWN_ZONES, settingsOf } from './settings.js';
import { SimulatedTraffic } from './traffic.js';

const BATCH = 200;

export interface InlineRun {
  readonly findings: Findings;
  readonly attacks: readonly Attack[];
  readonly workloads: number;
  /** Events that are part of no attack, and all of them. */
  readonly benign: number;
  readonly events: number;
  readonly days: number;
}

/**
 * The inline rules over a run of simulated traffic, batch by batch, as each of the three deployments decides. `onDay` is
 * told how many events there were.
 */
export async function runInline(
  volume: Volume,
  onDay: (day: number, events: number) => void = () => undefined,
): Promise<InlineRun> {
  const traffic = new SimulatedTraffic(volume);
  const findings = new Findings();
  const history = new IndexedHistory();
  let [day, events, benign] = [0, 0, 0];
  for (const arrived of traffic.days()) {
    findings.remember(arrived);
    for (let from = 0; from < arrived.length; from += BATCH) {
      await take(arrived.slice(from, from + BATCH), history, findings);
    }
    events += arrived.length;
    benign += arrived.filter(({ label }) => label.attack === undefined).length;
    day += 1;
    history.forget(new Date(FIRST_DAY_MS + (day - 2) * DAY_MS));
    onDay(day, events);
  }
  const { attacks, workloads } = traffic;
  return { findings, attacks, workloads: workloads.length, benign, events, days: volume.days };
}

const SETTINGS = environments.map(settingsOf);

async function take(
  batch: readonly SimulatedEvent[],
  history: IndexedHistory,
  findings: Findings,
): Promise<void> {
  const events = batch.map(({ event }) => event);
  history.append(events, KNOWN_ZONES);
  const sighting = await look(events, history, KNOWN_ZONES);
  const arrivals = new Map(batch.map(({ event, arrivedAt }) => [event.id, arrivedAt]));
  for (const settings of SETTINGS) {
    for (const candidate of inlineCandidates(sighting, settings)) {
      findings.add({
        name: nameOf(candidate),
        finder: candidate.rule,
        severity: candidate.severity,
        evidence: candidate.evidence,
        at: completedAt(candidate, arrivals, batch[0]!.arrivedAt),
      });
    }
  }
}

export const nameOf = ({ rule, entity, startAt }: Candidate): string =>
  JSON.stringify([rule, entity.type, entity.id, startAt.getTime()]);

/** When the last event of its evidence arrived. */
const completedAt = (
  { evidence }: Candidate,
  arrivals: ReadonlyMap<string, number>,
  earliest: number,
): number => Math.max(...evidence.map((id) => arrivals.get(id) ?? earliest));
