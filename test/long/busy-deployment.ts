import { type RecordedEvent } from '#events';
import { aPermittedExchange, aRecordedEvent, anActor } from '#testing';
import { randomId } from '#kernel';

const HANDLES = 2_000;
const SUBJECTS = 200;
const RESOURCES = 40;
const NETWORKS = 100;
/** One event of so many is an exchange, the others are calls. */
const PER_EXCHANGE = 20;

/**
 * Events of a deployment that nothing is wrong with: 200 workloads that call with 2,000 handles, each from one network.
 * Numbered without gaps for each handle and workload.
 */
export class BusyDeployment {
  readonly #numbered = new Map<string, number>();
  readonly #handles = Array.from({ length: HANDLES }, () => randomId('hdl'));
  readonly #subjects = Array.from({ length: SUBJECTS }, () => randomId('sub'));
  #made = 0;

  /** The next event, of this instant. */
  next(at: Date): RecordedEvent {
    const n = this.#made;
    this.#made += 1;
    return n % PER_EXCHANGE === 0 ? this.#exchange(n / PER_EXCHANGE, at) : this.#call(n, at);
  }

  #exchange(n: number, at: Date): RecordedEvent {
    const subject = this.#subjects[n % SUBJECTS]!;
    const actor = anActor(subject, clientOf(n % SUBJECTS));
    const place = { at, partitionKey: subject, sequence: this.#number(subject) };
    return aPermittedExchange({ actor, granted_resource: `r${n % RESOURCES}` }, place);
  }

  #call(n: number, at: Date): RecordedEvent {
    const index = (n * 7) % HANDLES;
    const handle = this.#handles[index]!;
    const data = {
      ...{ call_id: randomId('call'), handle_id: handle },
      subject_id: this.#subjects[index % SUBJECTS]!,
      ...{ resource: `r${index % RESOURCES}`, route_template: '/accounts/{id}', method: 'GET' },
      ...{ bytes_in: 10, bytes_out: 100, duration_ms: 3, scrubbed: 0, outcome: 'ok' as const },
      client: clientOf(index % SUBJECTS),
    };
    const place = { at, partitionKey: handle, sequence: this.#number(handle) };
    return aRecordedEvent('dev.postern.call.completed.v1', data, place);
  }

  #number(partitionKey: string): number {
    const number = (this.#numbered.get(partitionKey) ?? 0) + 1;
    this.#numbered.set(partitionKey, number);
    return number;
  }
}

const clientOf = (subject: number) => ({
  ip: `10.0.${subject % NETWORKS}.1`,
  user_agent: 'settler/1.0',
});
