import {
  type DetectionSettings,
  type DetectionStore,
  type ResponseOrders,
  type RuleId,
  shippedRules,
} from '#detection';
import { EventFactory, type PosternEvent } from '#events';
import { secondsAfter } from '#kernel';
import { DETECTION_AT, detectionSettings } from './detection-builders.js';
import { FixedClock } from './fixed-clock.js';

/** Detections, with what the contract needs beside them. All of them are empty at first. */
export interface DetectionStoreUnderTest {
  readonly store: DetectionStore;
  /** The same detections as another process has them. */
  readonly twin: DetectionStore;
  readonly orders: ResponseOrders;
  /** The durable events whose `detection_id` it is, in their order. */
  readonly told: (
    detectionId: string,
  ) => Promise<readonly Pick<PosternEvent, 'type' | 'data' | 'partitionkey'>[]>;
  close(): Promise<void>;
}

/** With one rule set otherwise. */
export const settingsWith = (
  rule: RuleId,
  set: Partial<DetectionSettings['rules'][RuleId]>,
  overrides: Partial<DetectionSettings> = {},
): DetectionSettings => {
  const rules = shippedRules();
  return detectionSettings({
    rules: { ...rules, [rule]: { ...rules[rule], ...set } },
    ...overrides,
  });
};

/** How candidates are raised `seconds` after DETECTION_AT. */
export const raising = (settings: DetectionSettings = detectionSettings(), seconds = 2) => {
  const now = secondsAfter(DETECTION_AT, seconds);
  const origin = { environment: 'prod', deployment: 'postern-prod', component: 'control' } as const;
  return { settings, now, events: new EventFactory({ ...origin, clock: new FixedClock(now) }) };
};
