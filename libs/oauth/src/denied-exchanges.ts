import { type EventFactory, type EventJournal, SummingJournal } from '#events';
import { type Clock } from '#kernel';
import { type ExchangeTrace } from './exchange-trace.js';
import { type OAuthError } from './oauth-error.js';

export interface DeniedExchangesParts {
  readonly journal: EventJournal;
  readonly events: EventFactory;
  readonly clock: Clock;
  readonly environment: string;
}

/**
 * Denials on record: each of them, but for those that cost whoever sends them nothing. Tokens of issuers that are not
 * registered are summed up by peer, so that a flood of them does not become a flood of writes.
 */
export class DeniedExchanges {
  readonly #sums: SummingJournal;

  constructor(private readonly parts: DeniedExchangesParts) {
    this.#sums = new SummingJournal(parts);
  }

  /** @throws DependencyUnavailable when the event could not be written */
  async record(refusal: OAuthError, trace: ExchangeTrace): Promise<void> {
    const { events, environment, journal } = this.parts;
    const event = trace.denied(events, refusal, environment);
    if (refusal.reason !== 'issuer_untrusted') {
      await journal.append([event]);
      return;
    }
    await this.#sums.record([refusal.reason, trace.context.peerAddress], () => event);
  }

  /** Writes the sums whose second is over. @throws DependencyUnavailable */
  flushDue(): Promise<void> {
    return this.#sums.flushDue();
  }

  /** Writes all sums. @throws DependencyUnavailable */
  close(): Promise<void> {
    return this.#sums.close();
  }
}
