import { type CommandFeed, Consumption, type RecordPlace, type SubscriptionHandle } from '#events';
import { type Clock } from '#kernel';
import { type ReceiveCommand } from '#oauth';
import { type HealthRegistry, type Logger, type Metrics, retryPace, Rounds } from '#platform';

/** The consumer group: all control processes of a deployment share the partitions of the command topic. */
export const COMMAND_GROUP = 'postern-control-commands';

/** So long without a word from Kafka, or with one command, and another start is the only help. */
const IDLE_MS_MAX = 60_000;
const FLUSH_MS = 1_000;

export interface CommandConsumerParts {
  readonly feed: CommandFeed;
  readonly receiver: ReceiveCommand;
  readonly clock: Clock;
  readonly health: HealthRegistry;
  readonly metrics: Metrics;
  readonly log: Logger;
}

/**
 * Signed commands from Kafka. A forged one leaves an event and is passed; one that cannot be judged or carried out now
 * stops its partition until it can, and /readyz says so. Nothing is ever left out.
 */
export class CommandConsumer {
  readonly #rounds: Rounds;
  #reading: SubscriptionHandle | undefined;
  #failure: Error | undefined;

  constructor(private readonly parts: CommandConsumerParts) {
    const { receiver, log } = parts;
    this.#rounds = new Rounds({
      duties: [() => receiver.flushDue()],
      onFault: (err) => log.error({ err }, 'refused commands could not be recorded'),
      everyMs: FLUSH_MS,
    });
  }

  /** @throws DependencyUnavailable when no broker can be reached or the topic is missing */
  async start(): Promise<void> {
    const { feed, receiver, health, metrics, log } = this.parts;
    this.#reading = await feed.subscribe({
      group: COMMAND_GROUP,
      from: 'earliest',
      ...this.#consumption().ofIncoming((command) => receiver.receive(command)),
      onFailure: (error) => {
        log.error({ err: error }, 'commands are not read any more');
        this.#failure = error;
      },
    });
    health.add('commands', () => this.#assertMoving());
    health.addLife('commands', () => this.#assertAlive());
    metrics.gaugeOf('commands_blocked', 'Partitions of the command topic that stand still', () => {
      return this.#reading?.progress.blocked.length ?? 0;
    });
    this.#rounds.onApplicationBootstrap();
  }

  /**
   * Resolves when no command is being carried out any more and what was refused is recorded, or cannot be: that is told
   * of, as whoever stops has more to close.
   */
  async stop(): Promise<void> {
    const { receiver, log } = this.parts;
    const tell = (err: unknown): void =>
      log.error({ err }, 'commands were not read to a clean end');
    await this.#reading?.stop().catch(tell);
    await this.#rounds.onApplicationShutdown();
    await receiver.close().catch(tell);
  }

  /** A command that cannot be handled stops its partition: going on would leave handles alive that were to end. */
  #consumption(): Consumption {
    const { clock, log } = this.parts;
    const tell = (what: string) => (place: RecordPlace, reason: string) =>
      log.warn({ ...place, reason }, what);
    return new Consumption({
      kind: 'state',
      group: COMMAND_GROUP,
      clock,
      ...retryPace,
      observer: {
        onTrouble: tell('a command waits'),
        onAlarm: ({ place, errorClass }) => {
          log.error(
            { ...place, errorClass },
            'a command cannot be handled: its partition stands still',
          );
        },
        onRecovered: (place) => log.info({ ...place }, 'a command that waited was handled'),
      },
    });
  }

  #assertMoving(): Promise<void> {
    const [block] = this.#reading?.progress.blocked ?? [];
    if (block !== undefined) {
      const { topic, partition, offset } = block.place;
      return Promise.reject(
        new Error(`${topic}/${partition} stands still at ${offset}: ${block.reason}`),
      );
    }
    return this.#assertAlive();
  }

  #assertAlive(): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const idleMs = this.#reading?.progress.idleMs ?? 0;
    if (idleMs <= IDLE_MS_MAX) return Promise.resolve();
    const message = `commands: no progress for ${Math.round(idleMs / 1000)} s`;
    return Promise.reject(new Error(message));
  }
}
