import { dataSchemaOf, type EventDataOf, type EventType, type RecordedEvent } from '#events';
import { type RuleId } from '#detection';
import { type Chance } from './chance.js';
import {
  DAY_MS,
  deploymentOfEnvironment,
  type Environment,
  environments,
  FIRST_DAY_MS,
  MINUTE_MS,
  MODEL,
  NUISANCES,
  SECOND_MS,
} from './model.js';

/** One attack, from its first event on. */
export interface Attack {
  /** Such as `D07/plain/3`. */
  readonly name: string;
  readonly rule: RuleId;
  /** `plain`: as the rule has it. Others try to stay below it. */
  readonly variant: string;
  readonly startedAt: number;
}

/** What an event is part of; a nuisance has a name. */
export interface Label {
  readonly nuisance?: string;
  readonly attack?: Attack;
}

export interface SimulatedEvent {
  readonly event: RecordedEvent;
  readonly label: Label;
  /** When it happened, by a clock that is right; the event's own `time` is that of the process that wrote it. */
  readonly happenedAt: number;
  /** When whoever detects reads it. */
  readonly arrivedAt: number;
}

/** An event that the outbox has not numbered yet. */
interface Unnumbered extends SimulatedEvent {
  readonly event: Omit<RecordedEvent, 'sequence'> & { sequence: string };
}

interface Draft<T extends EventType> {
  readonly environment: Environment;
  readonly at: number;
  readonly partitionKey: string;
  readonly subject: string;
  readonly data: EventDataOf<T>;
  readonly label: Label;
}

interface Outage {
  readonly from: number;
  readonly until: number;
}

/** Writes down what happens, as the outboxes of three deployments would: numbered by key, read a moment later. */
export class Recorder {
  #open: Unnumbered[] = [];
  readonly #sequences = new Map<string, number>();
  readonly #skews: Readonly<Record<string, readonly number[]>>;
  readonly #outages: readonly Outage[];

  constructor(
    private readonly chance: Chance,
    days: number,
  ) {
    const skews = chance.fork('skews');
    const { seconds } = NUISANCES.clockSkew;
    this.#skews = Object.fromEntries(
      environments.map((name) => [
        name,
        [0, skews.between(0, seconds), -skews.between(0, seconds)].map((skew) => skew * SECOND_MS),
      ]),
    );
    this.#outages = outages(chance.fork('outages'), days);
  }

  record<T extends EventType>(type: T, draft: Draft<T>): void {
    const { environment, at, label, data, partitionKey, subject } = draft;
    const skew = this.chance.of(this.#skews[environment]!);
    const event: RecordedEvent<T> = {
      specversion: '1.0',
      id: this.chance.uuid(at),
      source: `urn:postern:${deploymentOfEnvironment(environment)}:${writerOf(type)}`,
      type,
      subject,
      time: new Date(at + skew).toISOString(),
      recordedtime: new Date(at + 5).toISOString(),
      datacontenttype: 'application/json',
      dataschema: dataSchemaOf(type),
      partitionkey: partitionKey,
      sequence: '',
      correlationid: this.chance.id('req'),
      severitytext: 'INFO',
      dataclassification: 'internal',
      env: environment,
      data,
    };
    this.#open.push({ event, label, happenedAt: at, arrivedAt: this.#arrival(at) });
  }

  /** What happened before that, in the order in which it arrives. */
  taken(before: number): readonly SimulatedEvent[] {
    const due = this.#open.filter(({ happenedAt }) => happenedAt < before);
    this.#open = this.#open.filter(({ happenedAt }) => happenedAt >= before);
    due.sort((one, other) => one.happenedAt - other.happenedAt);
    for (const { event } of due) event.sequence = this.#next(event);
    return due.sort((one, other) => one.arrivedAt - other.arrivedAt);
  }

  #next({ env, partitionkey }: RecordedEvent): string {
    const lane = `${env} ${partitionkey}`;
    const sequence = (this.#sequences.get(lane) ?? 0) + 1;
    this.#sequences.set(lane, sequence);
    return String(sequence).padStart(20, '0');
  }

  #arrival(at: number): number {
    const outage = this.#outages.find(({ from, until }) => at >= from && at < until);
    const [from, until] = MODEL.arrivalMs;
    if (outage === undefined) return at + this.chance.between(from, until);
    const { drainMinutes } = NUISANCES.kafkaOutage;
    const drained = ((at - outage.from) / (outage.until - outage.from)) * drainMinutes * MINUTE_MS;
    return outage.until + drained + this.chance.between(from, until);
  }
}

function outages(chance: Chance, days: number): readonly Outage[] {
  const { perDay, minutes } = NUISANCES.kafkaOutage;
  return Array.from({ length: days }, (_, day) => day)
    .filter(() => chance.happens(perDay))
    .map((day) => {
      // Over by the end of its day: what is read day by day is then read in order.
      const from = FIRST_DAY_MS + day * DAY_MS + chance.between(0, 0.9) * DAY_MS;
      return { from, until: from + chance.between(minutes[0], minutes[1]) * MINUTE_MS };
    });
}

const writerOf = (type: EventType): string =>
  type.startsWith('dev.postern.call.') ? 'proxy' : 'sts';
