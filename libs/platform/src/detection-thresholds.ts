/**
 * The rules and the figures of each that may be set. The rules themselves are in libs/detection, which this lib does not
 * know; test/architecture/detection-settings.test.ts keeps the two in step.
 */
export const DETECTION_THRESHOLDS = {
  D01: ['leewaySeconds'],
  D02: ['suspendSeconds'],
  D03: [],
  D04: ['propagationSeconds', 'staleSeconds', 'tries'],
  D05: ['denied'],
  D06: [],
  D07: ['zones', 'agents'],
  D08: ['unknownValid', 'malformed'],
  D09: [],
  D10: ['floor', 'factor', 'percentile', 'baselineDays'],
  D11: ['floor', 'margin', 'baselineDays', 'learningDays'],
  D12: ['distinctDenied'],
  D13: ['memoryDays'],
  D14: [],
  D15: ['applications'],
  D16: ['unusedDays', 'credentialAgeDays', 'revokeHours'],
  D17: [
    ...(['factor', 'criticalFactor', 'floorBytes', 'baselineDays'] as const),
    ...(['samples', 'percentile', 'busyFactor', 'learningDays'] as const),
  ],
  D18: [],
  D19: [],
  D20: [],
  D21: ['perHour'],
  D22: ['speedKmh', 'distanceKm'],
  D23: ['gapSeconds'],
  D24: [],
} as const satisfies Readonly<Record<string, readonly string[]>>;

export type DetectionRuleName = keyof typeof DETECTION_THRESHOLDS;
