import { type EventFactory, type RecordedEvent } from '#events';
import { type Clock } from '#kernel';
import { type DetectionStore, type RaisedSum } from './detection-store.js';
import { type EvidenceHistory, type EvidenceLog } from './evidence-log.js';
import { inlineCandidates } from './inline-candidates.js';
import { type DetectionSettings } from './rule-settings.js';
import { look } from './sighting.js';
import { type Zones } from './zones.js';

export interface DetectionPipelineParts {
  readonly log: EvidenceLog;
  readonly history: EvidenceHistory;
  readonly store: DetectionStore;
  readonly settings: DetectionSettings;
  readonly zones: Zones;
  readonly events: EventFactory;
  readonly clock: Clock;
}

/**
 * From events to detections: what came is kept, then looked at together with what was there before. A batch may come
 * again, whole or in parts, and from several processes at once: it leads to the same detections.
 */
export class DetectionPipeline {
  constructor(private readonly parts: DetectionPipelineParts) {}

  /** Events of other deployments are evidence too. @throws DependencyUnavailable: the batch must come again */
  async take(batch: readonly RecordedEvent[]): Promise<RaisedSum> {
    const { log, history, store, settings, zones, events, clock } = this.parts;
    await log.append(batch, zones);
    const sighting = await look(batch, history, zones);
    const candidates = inlineCandidates(sighting, settings);
    if (candidates.length === 0) return { raised: [], updated: [], ordered: 0, suppressed: 0 };
    return store.raise(candidates, { settings, events, now: clock.now() });
  }
}
