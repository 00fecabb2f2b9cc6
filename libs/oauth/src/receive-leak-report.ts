import {
  type EventDataOf,
  type EventFactory,
  type EventJournal,
  type PosternEvent,
  SummingJournal,
} from '#events';
import {
  type CanaryStore,
  digestOfPresented,
  type Handle,
  type HandleStore,
  type OrderReceipt,
  type OrderReceipts,
  parseHandle,
  PlantedCanaries,
} from '#handles';
import { type Clock, secondsAfter, sha256, sha256OfParts } from '#kernel';
import { type ChangeHandles } from './change-handles.js';
import { type FoundLeak, isSignedBy, parseLeakReport } from './leak-report.js';
import { LeakReportRefused } from './leak-report-refused.js';
import { type LeakReporter } from './leak-reporters.js';

type Reported = EventDataOf<'dev.postern.leak.reported.v1'>;

const IDENTIFIER_CHARACTERS_MAX = 256;
const FINGERPRINT_DIGITS = 32;
/** For so long a report that comes again has no second event. */
const REMEMBERED_SECONDS = 90 * 24 * 60 * 60;

export interface ReceiveLeakReportParts {
  readonly reporters: readonly LeakReporter[];
  readonly handles: HandleStore;
  readonly canaries: CanaryStore;
  readonly changes: ChangeHandles;
  readonly receipts: OrderReceipts;
  readonly journal: EventJournal;
  readonly events: EventFactory;
  readonly clock: Clock;
}

/** A report as it came. */
export interface LeakReportDelivery {
  readonly body: Uint8Array;
  readonly keyIdentifier: string | undefined;
  readonly signature: string | undefined;
  readonly peerAddress: string;
  readonly correlationId: string;
}

/** What the reporter is told of one string, by its SHA-256 in hex digits. */
export interface LeakFeedback {
  readonly digest: string;
  readonly type: string;
  readonly label: Reported['label'];
}

interface Delivered {
  readonly reporter: LeakReporter;
  readonly delivery: LeakReportDelivery;
}

/** Reports that handles lie in public (docs/signals.md). A live handle is revoked before the answer is given. */
export class ReceiveLeakReport {
  readonly #sums: SummingJournal;
  readonly #planted: PlantedCanaries;

  constructor(private readonly parts: ReceiveLeakReportParts) {
    this.#sums = new SummingJournal(parts);
    this.#planted = new PlantedCanaries(parts.canaries);
  }

  /**
   * Again: nothing more happens, and the answer is the same.
   * @throws LeakReportRefused with its event on record, DependencyUnavailable: then it must come again
   */
  async receive(delivery: LeakReportDelivery): Promise<readonly LeakFeedback[]> {
    try {
      const reporter = await this.#reporterOf(delivery);
      return await this.#carryOut(parseLeakReport(delivery.body), { reporter, delivery });
    } catch (error) {
      if (error instanceof LeakReportRefused) await this.#reject(error, delivery);
      throw error;
    }
  }

  /** Writes what is summed up of refused reports; call it about once a second. @throws DependencyUnavailable */
  flushDue(): Promise<void> {
    return this.#sums.flushDue();
  }

  async #reporterOf({ body, keyIdentifier, signature }: LeakReportDelivery): Promise<LeakReporter> {
    if (keyIdentifier === undefined || signature === undefined) {
      throw new LeakReportRefused('unsigned');
    }
    if (keyIdentifier.length > IDENTIFIER_CHARACTERS_MAX)
      throw new LeakReportRefused('unknown_key');
    const now = this.parts.clock.now();
    let isKnown = false;
    for (const reporter of this.parts.reporters) {
      if (now >= reporter.reviewBy) continue;
      const key = await reporter.keys.find(keyIdentifier);
      if (key !== undefined && isSignedBy(key, body, signature)) return reporter;
      isKnown ||= key !== undefined;
    }
    throw new LeakReportRefused(isKnown ? 'wrong_signature' : 'unknown_key');
  }

  async #carryOut(leaks: readonly FoundLeak[], delivered: Delivered): Promise<LeakFeedback[]> {
    await this.#planted.refresh();
    const feedback: LeakFeedback[] = [];
    for (const leak of leaks) {
      const label = await this.#one(leak, delivered);
      feedback.push({ digest: sha256(leak.found), type: leak.type, label });
    }
    return feedback;
  }

  async #one(leak: FoundLeak, delivered: Delivered): Promise<Reported['label']> {
    const { found, url } = leak;
    const canaryId = this.#planted.among(() => [found]);
    const handle = await this.#handleOf(found);
    const isLive = handle !== undefined && this.#isLive(handle);
    const data: Reported = {
      provider: delivered.reporter.id,
      ...(handle === undefined ? {} : { handle_id: handle.id }),
      ...(canaryId === undefined ? {} : { canary_id: canaryId }),
      handle_fp: digestOfPresented(found).slice(0, FINGERPRINT_DIGITS),
      live: isLive || canaryId !== undefined,
      ...(url === undefined ? {} : { url_hash: sha256(url) }),
      label: handle === undefined && canaryId === undefined ? 'false_positive' : 'true_positive',
    };
    await this.#record(
      isLive ? handle : undefined,
      found,
      this.#reported(data, delivered),
      delivered,
    );
    return data.label;
  }

  /** The event and the receipt are written with the revocation: a handle that is live was not reported before. */
  async #record(
    live: Handle | undefined,
    found: string,
    event: PosternEvent,
    { reporter, delivery }: Delivered,
  ): Promise<void> {
    const { changes, receipts, clock } = this.parts;
    const receipt: OrderReceipt = {
      key: sha256OfParts(['leak report', reporter.id, digestOfPresented(found)]),
      mark: `leak/${reporter.id}`,
      expiresAt: secondsAfter(clock.now(), REMEMBERED_SECONDS),
      eventsOf: () => [event],
    };
    if (live === undefined) {
      await receipts.keep(receipt);
      return;
    }
    await changes.carryOut({
      action: 'revoke',
      selector: { scope: 'handle', id: live.id },
      reason: 'leaked',
      initiator: 'system',
      initiatorId: `leak/${reporter.id}`,
      correlationId: delivery.correlationId,
      receipt,
    });
  }

  async #handleOf(found: string): Promise<Handle | undefined> {
    const parsed = parseHandle(found);
    return parsed.kind === 'malformed' ? undefined : this.parts.handles.findByDigest(parsed.digest);
  }

  #isLive({ status, expiresAt }: Handle): boolean {
    return status !== 'revoked' && expiresAt > this.parts.clock.now();
  }

  #reported(data: Reported, { delivery }: Delivered): PosternEvent {
    const reporter = `leaks/${data.provider}`;
    return this.parts.events.create('dev.postern.leak.reported.v1', {
      subject: reporter,
      partitionKey: reporter,
      correlationId: delivery.correlationId,
      severity: data.live ? 'FATAL' : 'WARN',
      data,
    });
  }

  async #reject({ rejection }: LeakReportRefused, delivery: LeakReportDelivery): Promise<void> {
    const { peerAddress, correlationId } = delivery;
    await this.#sums.record([rejection, peerAddress], () =>
      this.parts.events.create('dev.postern.leak.rejected.v1', {
        subject: 'leaks/rejected',
        partitionKey: 'leaks/rejected',
        correlationId,
        severity: 'WARN',
        data: { rejection, client: { ip: peerAddress } },
      }),
    );
  }
}
