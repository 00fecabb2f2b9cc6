import { detectionSeverities, type DetectionSeverity } from '#events';

export const moreSevere = (one: DetectionSeverity, other: DetectionSeverity): boolean =>
  detectionSeverities.indexOf(one) > detectionSeverities.indexOf(other);

/** The most severe of them; `info` of none. */
export const mostSevere = (severities: readonly DetectionSeverity[]): DetectionSeverity =>
  severities.reduce<DetectionSeverity>(
    (worst, one) => (moreSevere(one, worst) ? one : worst),
    'info',
  );
