import { type Clock, uuidv7 } from '#kernel';
import { dataSchemaOf, type EventDataOf, type EventType, topicOf } from './catalogue.js';
import { type Topic } from './topics.js';

export type Severity = 'INFO' | 'WARN' | 'ERROR' | 'FATAL';

/**
 * A CloudEvents 1.0 event as the domain makes it. `recordedtime` and `sequence` are missing: whoever writes it to the
 * outbox adds them, `sequence` gap-free per `partitionkey`.
 */
export interface PosternEvent<T extends EventType = EventType> {
  readonly specversion: '1.0';
  /** UUIDv7, assigned with the decision: consumers de-duplicate on it. */
  readonly id: string;
  /** `urn:postern:<deployment>:<component>` */
  readonly source: string;
  readonly type: T;
  /** What the event is about, such as `handle/hdl_...`. */
  readonly subject: string;
  /** When it happened, RFC 3339. */
  readonly time: string;
  readonly datacontenttype: 'application/json';
  readonly dataschema: string;
  /** The Kafka record key; events with one key keep their order. */
  readonly partitionkey: string;
  readonly correlationid: string;
  readonly causationid?: string;
  readonly traceparent?: string;
  readonly severitytext: Severity;
  readonly dataclassification: 'internal';
  /** The environment that this deployment serves. */
  readonly env: string;
  readonly data: EventDataOf<T>;
}

/** An event as it leaves the outbox: with its place among those of the same `partitionkey`. */
export interface RecordedEvent<T extends EventType = EventType> extends PosternEvent<T> {
  readonly recordedtime: string;
  /** 20 decimal digits, from 1, without gaps per `partitionkey`. */
  readonly sequence: string;
}

/** What the maker of an event says of it; the rest is the same for all events of a component. */
export interface EventDraft<T extends EventType> {
  readonly subject: string;
  readonly partitionKey: string;
  readonly correlationId: string;
  readonly causationId?: string;
  readonly severity?: Severity;
  /** When it happened. Default: now. */
  readonly at?: Date;
  readonly data: EventDataOf<T>;
}

export interface EventOrigin {
  readonly clock: Clock;
  readonly environment: string;
  /** Names this installation in `source`; letters, digits, `-`. */
  readonly deployment: string;
  readonly component:
    'sts' | 'proxy' | 'control' | 'relay' | 'rotator' | 'sentinel' | 'standalone' | 'cli';
}

/** Makes the events of one component. */
export class EventFactory {
  readonly #source: string;

  constructor(private readonly origin: EventOrigin) {
    this.#source = `urn:postern:${origin.deployment}:${origin.component}`;
  }

  create<T extends EventType>(type: T, draft: EventDraft<T>): PosternEvent<T> {
    const { clock, environment } = this.origin;
    return {
      specversion: '1.0',
      id: uuidv7(clock),
      source: this.#source,
      type,
      subject: draft.subject,
      time: (draft.at ?? clock.now()).toISOString(),
      datacontenttype: 'application/json',
      dataschema: dataSchemaOf(type),
      partitionkey: draft.partitionKey,
      correlationid: draft.correlationId,
      ...(draft.causationId === undefined ? {} : { causationid: draft.causationId }),
      severitytext: draft.severity ?? 'INFO',
      dataclassification: 'internal',
      env: environment,
      data: draft.data,
    };
  }
}

/** Whether the event is of one of the types: then its `data` has their shape. */
export const isOfType = <T extends EventType>(
  event: RecordedEvent,
  ...types: readonly T[]
): event is RecordedEvent<T> => (types as readonly EventType[]).includes(event.type);

export const topicOfEvent = (event: PosternEvent): Topic => topicOf(event.type);
