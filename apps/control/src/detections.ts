import { setTimeout as pause } from 'node:timers/promises';
import {
  type Detection,
  type DetectionFilter,
  type DetectionResolution,
  type ResponseOrder,
  type ResponseRecord,
  type Rule,
  type RuleId,
  ruleIds,
  RULES,
  type RuleSettings,
  type TriedRule,
} from '#detection';
import { type EventFactory } from '#events';
import { type Clock, randomId } from '#kernel';
import { type Operator } from '#oauth';
import { DetectionUnknown, RuleNotTryable } from './admin-refusal.js';
import { type CarryOutResponse } from './carry-out-response.js';
import { type DetectionPorts } from './detection-ports.js';

/** What is none is not looked for: PostgreSQL takes no NUL, and an address may hold anything. */
const DETECTION_ID = /^det_[A-Za-z0-9_-]{1,59}$/;

/** Longer than one is lent to who carries it out. */
const CANCEL_MS = 4_000;
const CANCEL_AGAIN_MS = 20;

export interface DetectionsParts {
  readonly detection: DetectionPorts;
  readonly effects: CarryOutResponse;
  readonly events: EventFactory;
  readonly clock: Clock;
}

/** A detection with what became of its responses. */
export interface ShownDetection {
  readonly detection: Detection;
  readonly responses: readonly ResponseRecord[];
}

export interface ShownRule {
  readonly rule: Rule;
  readonly settings: RuleSettings;
  readonly lastDryRun: TriedRule | undefined;
}

/** What an operator says of a detection when it is done with. */
export interface Closing {
  readonly resolution: Exclude<DetectionResolution, 'timed_out'>;
  readonly note: string | undefined;
}

export interface Undoing {
  readonly undone: readonly ResponseRecord[];
  /** What stays: it cannot be taken back, was never done, or is another's by now. */
  readonly kept: readonly ResponseRecord[];
  readonly correlationId: string;
}

const orderOf = ({ id: detectionId, rule }: Detection, record: ResponseRecord): ResponseOrder => {
  const { id, response, orderedAt } = record;
  return { id, detectionId, rule, response, orderedAt, attempts: 1 };
};

/** What analysts do about detections. An operator is its subject, whichever of its handles it presents. */
export class Detections {
  constructor(private readonly parts: DetectionsParts) {}

  list(filter: DetectionFilter): Promise<readonly Detection[]> {
    return this.parts.detection.store.list(filter);
  }

  /** @throws DetectionUnknown */
  async show(id: string): Promise<ShownDetection> {
    const { store, records } = this.parts.detection;
    const detection = DETECTION_ID.test(id) ? await store.find(id) : undefined;
    if (detection === undefined) throw new DetectionUnknown(id);
    return { detection, responses: await records.ofDetection(id) };
  }

  /** One that is closed already stays as it is. @throws DetectionUnknown */
  async close(id: string, { resolution, note }: Closing, operator: Operator): Promise<Detection> {
    const { detection, events, clock } = this.parts;
    const closed = DETECTION_ID.test(id)
      ? await detection.store.close(id, {
          ...{ resolution, note, events },
          operatorId: operator.subjectId,
          now: clock.now(),
        })
      : undefined;
    if (closed === undefined) throw new DetectionUnknown(id);
    return closed;
  }

  /**
   * Ends the suspensions and restrictions that the detection placed; what waits is not carried out any more. What was revoked
   * stays so. @throws DetectionUnknown
   */
  async undo(id: string, reason: string, operator: Operator): Promise<Undoing> {
    const { detection } = await this.show(id);
    const correlationId = randomId('req');
    const undone: ResponseRecord[] = [...(await this.#cancelWaiting(detection))];
    const responses = await this.parts.detection.records.ofDetection(id);
    for (const record of responses) {
      if (undone.some((one) => one.id === record.id)) continue;
      const isTaken = await this.parts.effects.takeBack(orderOf(detection, record), {
        ...{ reason, initiator: 'admin', correlationId },
        initiatorId: operator.handleId ?? operator.subjectId,
      });
      if (isTaken) undone.push(record);
    }
    const kept = responses.filter(({ id }) => !undone.some((one) => one.id === id));
    return { undone, kept, correlationId };
  }

  /**
   * What was not carried out yet never will be. Who is at one now is waited for: they settle it, or are gone in a moment.
   */
  async #cancelWaiting(detection: Detection): Promise<readonly ResponseRecord[]> {
    const { orders, records } = this.parts.detection;
    const cancelled: ResponseRecord[] = [];
    const endMs = performance.now() + CANCEL_MS;
    for (;;) {
      let left = 0;
      for (const record of await records.ofDetection(detection.id)) {
        if (record.result !== undefined) continue;
        const isCancelled = await orders.cancel(orderOf(detection, record));
        if (isCancelled) cancelled.push({ ...record, result: 'nothing_to_do' });
        else left += 1;
      }
      if (left === 0 || performance.now() >= endMs) return cancelled;
      await pause(CANCEL_AGAIN_MS);
    }
  }

  async rules(): Promise<readonly ShownRule[]> {
    const { dryRuns, settings } = this.parts.detection;
    const tried = await dryRuns.last();
    return ruleIds.map((id) => ({
      rule: RULES[id],
      settings: settings.rules[id],
      lastDryRun: tried.find(({ rule }) => rule === id),
    }));
  }

  /** The sentinel tries it on the last seven days; `rules` tells then what it found. @throws RuleNotTryable */
  async dryRun(rule: RuleId, operator: Operator): Promise<void> {
    if (RULES[rule].tier === 'inline') {
      const what = `${rule} decides on one event as it comes: it needs no dry run`;
      throw new RuleNotTryable(`${what}, and has no window to be tried on`);
    }
    await this.parts.detection.dryRuns.ask({ rule, operatorId: operator.subjectId });
  }
}
