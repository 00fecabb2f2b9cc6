import {
  type Candidate,
  type DetectionSettings,
  DetectionPipeline,
  inlineCandidates,
  look,
  type ResponseOrder,
} from '#detection';
import { EventFactory, type RecordedEvent } from '#events';
import { DETECTION_AT, detectionSettings } from './detection-builders.js';
import { testZones } from './evidence-history.contract.js';
import { FixedClock } from './fixed-clock.js';
import { InMemoryDetectionStore } from './in-memory-detection-store.js';
import { InMemoryEventJournal } from './in-memory-event-journal.js';
import { InMemoryEvidenceHistory, InMemoryEvidenceLog } from './in-memory-evidence-log.js';
import { InMemoryResponseOrders } from './in-memory-response-orders.js';

/** The sentinel of one deployment, in memory. */
export class DetectionRig {
  readonly clock = new FixedClock(DETECTION_AT);
  readonly journal = new InMemoryEventJournal();
  readonly log = new InMemoryEvidenceLog(this.clock);
  readonly history = new InMemoryEvidenceHistory(this.log);
  readonly events: EventFactory;
  readonly orders: InMemoryResponseOrders;
  readonly store: InMemoryDetectionStore;
  readonly pipeline: DetectionPipeline;

  constructor(readonly settings: DetectionSettings = detectionSettings()) {
    const { clock, journal } = this;
    const { environment, deployment } = settings;
    this.events = new EventFactory({ clock, environment, deployment, component: 'control' });
    this.orders = new InMemoryResponseOrders(journal, this.events);
    this.store = new InMemoryDetectionStore(journal, this.orders);
    this.pipeline = new DetectionPipeline({ ...this.#parts(), zones: testZones });
  }

  /** What the rules find in events that come one by one: the last that was found of each name. */
  async candidates(...events: readonly RecordedEvent[]): Promise<readonly Candidate[]> {
    const found = new Map<string, Candidate>();
    for (const event of events) {
      await this.log.append([event], testZones);
      const sighting = await look([event], this.history, testZones);
      for (const one of inlineCandidates(sighting, this.settings)) {
        found.set(JSON.stringify([one.rule, one.entity, one.startAt]), one);
      }
    }
    return [...found.values()];
  }

  /** What is ordered when these events come, each in a batch of its own. */
  async ordered(...events: readonly RecordedEvent[]): Promise<readonly ResponseOrder[]> {
    for (const event of events) await this.pipeline.take([event]);
    return this.orders.all;
  }

  #parts() {
    const { log, history, store, settings, events, clock } = this;
    return { log, history, store, settings, events, clock };
  }
}
