import { type CustomTransportStrategy, type MessageHandler, Server } from '@nestjs/microservices';
import { isObservable, lastValueFrom } from 'rxjs';
import {
  type Consumption,
  errorOf,
  type EventBus,
  type EventType,
  isEventType,
  type BusRecord,
  type Reading,
  type RecordPlace,
  type SubscriptionHandle,
  type SubscriptionProgress,
  type Topic,
  topicOf,
} from '#events';
import { EventContext } from './event-context.js';
import { EventHandlersRefused } from './event-handlers-refused.js';

export interface EventServerOptions extends Pick<
  Reading,
  'group' | 'from' | 'offsets' | 'onFailure'
> {
  readonly bus: EventBus;
  /** What becomes of records that cannot be handled. */
  readonly consumption: Consumption;
  /** Told of each event that no handler wants: others want it, on a topic that a handler reads. */
  readonly onUnhandled?: (type: EventType) => void;
}

/**
 * Nest's `@EventPattern('dev.postern.<family>.<what>.v<major>')` over our EventBus, whichever that is. A handler gets the
 * event, decoded and checked against its schema, and an EventContext; it is done when its promise or observable is, and
 * the group moves past a record only then. One handler for each event type: when the second of two failed, the first
 * would be asked again. See docs/adr/0012.
 */
export class EventServer extends Server implements CustomTransportStrategy {
  override readonly transportId = Symbol('postern-events');
  /** What a handler rejects with goes to the consumption, which tells of it. */
  override readonly propagatesEventHandlerErrors = true;
  #subscription: SubscriptionHandle | undefined;

  constructor(private readonly options: EventServerOptions) {
    super();
    this.setOnProcessingEndHook(() => undefined); // Nest leaves it undefined.
  }

  /** Undefined until it listens. */
  get progress(): SubscriptionProgress | undefined {
    return this.#subscription?.progress;
  }

  /** @throws EventHandlersRefused when another handler has that event type, or it answers requests. */
  override addHandler(
    pattern: unknown,
    callback: MessageHandler,
    isEventHandler = false,
    extras: Record<string, unknown> = {},
  ): void {
    const name = String(pattern);
    if (!isEventHandler) {
      // A reply would go to a topic that the record names (header kafka_replyTopic).
      throw new EventHandlersRefused(`@MessagePattern('${name}'): events are not answered`);
    }
    if (!isEventType(name)) {
      throw new EventHandlersRefused(`@EventPattern('${name}'): there is no such event type`);
    }
    if (this.messageHandlers.has(name)) {
      throw new EventHandlersRefused(`@EventPattern('${name}'): two handlers for one event type`);
    }
    super.addHandler(name, callback, true, extras);
  }

  override listen(callback: (error?: Error) => void): void {
    this.#subscribe().then(
      () => callback(),
      (error: unknown) => callback(errorOf(error)),
    );
  }

  override async close(): Promise<void> {
    await this.#subscription?.stop();
  }

  override on(): never {
    throw new TypeError('an event server has no events of its own: see onFailure');
  }

  // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- Nest's signature.
  override unwrap<T>(): T {
    return this.options.bus as T;
  }

  async #subscribe(): Promise<void> {
    const { bus, consumption, group, from, offsets, onFailure } = this.options;
    this.#subscription = await bus.subscribe({
      group,
      topics: this.#topics(),
      from,
      ...(offsets === undefined ? {} : { offsets }),
      ...consumption.of((record, place) => this.#handle(record, place)),
      onFailure,
    });
  }

  #topics(): Topic[] {
    const types = [...this.messageHandlers.keys()].filter(isEventType);
    if (types.length === 0) throw new EventHandlersRefused('there is no @EventPattern');
    return [...new Set(types.map(topicOf))];
  }

  async #handle({ event }: BusRecord, place: RecordPlace): Promise<void> {
    const handler = this.messageHandlers.get(event.type);
    if (handler === undefined) {
      this.options.onUnhandled?.(event.type);
      return;
    }
    const context = new EventContext(place);
    await this.#betweenHooks(context, async () => {
      const result: unknown = await handler(event, context);
      if (isObservable(result)) await lastValueFrom(result, { defaultValue: undefined });
    });
  }

  /** A hook is not trusted to hand on the promise of what it calls. */
  #betweenHooks(context: EventContext, work: () => Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      this.onProcessingStartHook(this.transportId, context, async () => {
        await work().then(resolve, (error: unknown) => reject(errorOf(error)));
        this.onProcessingEndHook(this.transportId, context);
      });
    });
  }
}
