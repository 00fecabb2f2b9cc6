import { type SoakWorld } from './soak-world.js';

interface EventRow {
  readonly key: string;
  readonly outcome: string;
  readonly count: number;
}

/** As a relay does, events are taken from the outbox again and again, so that it does not grow; those of calls are counted. */
const TAKE_EVENTS = `
  with taken as (delete from outbox returning type, payload -> 'data' as data)
  select concat_ws(' ', data ->> 'resource', data ->> 'method', data ->> 'route_template') as key,
    data ->> 'outcome' as outcome, count(*)::integer as count
  from taken where type = 'dev.postern.call.completed.v1' group by 1, 2`;

/** A caller that goes away may do so before anything was sent: such a call is on record and reaches nobody. */
const MAY_REACH_NOBODY = 'GET /waiting/';

/** What is on record of the calls. */
export class SoakRecords {
  /** By `resource METHOD /template`. */
  readonly completed = new Map<string, number>();
  readonly outcomes = new Map<string, number>();

  constructor(private readonly world: SoakWorld) {}

  async take(): Promise<void> {
    const rows = await this.world.query<EventRow>(TAKE_EVENTS);
    for (const { key, outcome, count } of rows) {
      this.completed.set(key, (this.completed.get(key) ?? 0) + count);
      this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + count);
    }
  }

  /** Calls that were begun and have no end on record. */
  async unfinished(): Promise<number> {
    const [row] = await this.world.query<{ count: number }>(
      'select count(*)::integer as count from call where finished_at is null',
    );
    return row!.count;
  }

  /** A line for each kind of call of which other numbers are on record than reached the destinations. */
  async differences(): Promise<readonly string[]> {
    const taken = await this.world.taken();
    return [...new Set([...taken.keys(), ...this.completed.keys()])].flatMap((key) => {
      const [reached, recorded] = [taken.get(key) ?? 0, this.completed.get(key) ?? 0];
      const isRight = key.includes(MAY_REACH_NOBODY) ? recorded >= reached : recorded === reached;
      return isRight ? [] : [`${key}: ${reached} reached the destination, ${recorded} on record`];
    });
  }
}
