import {
  type CountedEvent,
  type EventDraft,
  type EventFactory,
  type EventJournal,
  SummingJournal,
} from '#events';
import { type PlantedCanaries } from '#handles';
import { type Clock } from '#kernel';
import { type CallAttempt } from './call-attempt.js';
import { type CallDenied } from './call-denied.js';
import { DistinctHandles } from './distinct-handles.js';

const DENIED = 'dev.postern.call.denied.v1';
const DETAIL_CHARACTERS_MAX = 200;

export interface DenialJournalParts {
  readonly journal: EventJournal;
  readonly events: EventFactory;
  readonly clock: Clock;
  /** The one that this deployment serves. */
  readonly environment: string;
  /** Absent: none is planted. */
  readonly canaries?: Pick<PlantedCanaries, 'among'> | undefined;
}

/**
 * Writes an event for each denied call; of a kind (reason and handle, or reason and peer) a flood is summed up. Handles of
 * other environments are not known here, and are told apart by their digests, up to a number a second and peer: whose they
 * are revokes them by what these events say.
 */
export class DenialJournal {
  readonly #sums: SummingJournal;
  readonly #foreign = new DistinctHandles();

  constructor(private readonly parts: DenialJournalParts) {
    this.#sums = new SummingJournal(parts);
  }

  /** @throws DependencyUnavailable when the event could not be written: then the refusal is ours, not the caller's. */
  async record(denied: CallDenied, attempt: CallAttempt): Promise<void> {
    const { peerAddress } = attempt.context;
    const kind = this.#kindOf(denied, attempt);
    const draft = this.#draftOf(denied, attempt);
    const canaryId = this.parts.canaries?.among(() => attempt.presentedTexts());
    if (canaryId === undefined) {
      await this.#sums.record(kind, () => this.parts.events.create(DENIED, draft));
      return;
    }
    // Only the event tells of it: what the caller sees, and how long it takes, is what it would be without a canary.
    const told = ofCanary(draft, canaryId);
    const made = (): CountedEvent => this.parts.events.create(DENIED, told);
    await this.#sums.recordApart(['canary', canaryId, peerAddress], kind, made);
  }

  /** Writes the sums whose second is over. Call it about once a second. */
  flushDue(): Promise<void> {
    return this.#sums.flushDue();
  }

  /** Writes all sums. */
  close(): Promise<void> {
    return this.#sums.close();
  }

  #kindOf({ reason }: CallDenied, { handleId, handleFingerprint, context }: CallAttempt): string[] {
    const { peerAddress } = context;
    if (handleId !== undefined) return [reason, handleId];
    if (reason !== 'env_mismatch' || handleFingerprint === undefined) return [reason, peerAddress];
    const nowMs = this.parts.clock.now().getTime();
    const isApart = this.#foreign.isApart(peerAddress, handleFingerprint, nowMs);
    return isApart ? [reason, peerAddress, handleFingerprint] : [reason, peerAddress];
  }

  /** Of plain values: what a sum keeps for a second must not keep requests and their connections. */
  #draftOf(denied: CallDenied, attempt: CallAttempt): EventDraft<typeof DENIED> {
    const { handleId, handleFingerprint, handleEnvironment, resource, client } = attempt;
    const { correlationId, peerAddress } = attempt.context;
    return {
      subject: handleId === undefined ? `peer/${peerAddress}` : `handle/${handleId}`,
      partitionKey: handleId ?? `peer:${peerAddress}`,
      correlationId,
      severity: denied.severity,
      at: this.parts.clock.now(),
      data: {
        ...(handleId === undefined ? {} : { handle_id: handleId }),
        ...(handleFingerprint === undefined ? {} : { handle_fp: handleFingerprint }),
        checksum_ok: attempt.checksumOk,
        reason: denied.reason,
        ...restrictedBy(denied),
        detail: denied.message.slice(0, DETAIL_CHARACTERS_MAX),
        ...(resource === undefined ? {} : { resource }),
        env_listener: this.parts.environment,
        ...(handleEnvironment === undefined ? {} : { env_handle: handleEnvironment }),
        method: attempt.method,
        client,
      },
    };
  }
}

const restrictedBy = ({ restriction }: CallDenied) =>
  restriction === undefined
    ? {}
    : { restriction_id: restriction.id, detection_id: restriction.detectionId };

/** It has no handle: what stands in the place of one is the canary. */
const ofCanary = (
  draft: EventDraft<typeof DENIED>,
  canaryId: string,
): EventDraft<typeof DENIED> => ({
  ...draft,
  severity: 'FATAL',
  data: {
    ...draft.data,
    canary_id: canaryId,
    reason: 'canary',
    detail: `a canary was presented, and refused as ${draft.data.reason}`,
  },
});
