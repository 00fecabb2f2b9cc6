import { type EventFactory, type EventJournal, SummingJournal } from '#events';
import { type PlantedCanaries } from '#handles';
import { type Clock } from '#kernel';
import { type ExchangeTrace } from './exchange-trace.js';
import { type FormRequest } from './form.js';
import { type OAuthError } from './oauth-error.js';
import { textsIn } from './presented-in-form.js';

export interface DeniedExchangesParts {
  readonly journal: EventJournal;
  readonly events: EventFactory;
  readonly clock: Clock;
  readonly environment: string;
  /** Absent: none is planted. */
  readonly canaries?: Pick<PlantedCanaries, 'among'> | undefined;
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
  async record(refusal: OAuthError, trace: ExchangeTrace, received: FormRequest): Promise<void> {
    const { events, environment, journal, canaries } = this.parts;
    const { peerAddress } = trace.context;
    const canaryId = canaries?.among(() => textsIn(received));
    const event = trace.denied(events, refusal, { environment, canaryId });
    if (refusal.reason !== 'issuer_untrusted') {
      await journal.append([event]);
      return;
    }
    const kind = [refusal.reason, peerAddress];
    if (canaryId === undefined) await this.#sums.record(kind, () => event);
    else await this.#sums.recordApart(['canary', canaryId, peerAddress], kind, () => event);
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
