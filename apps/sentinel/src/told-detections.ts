import { type Detection, type RaisedSum } from '#detection';
import { type Logger } from '#platform';
import { type SentinelMetrics } from './sentinel-metrics.js';

/** Counts what was raised, and says it in the log: so loud that somebody wakes, where the rule asks for that. */
export class ToldDetections {
  constructor(
    private readonly log: Logger,
    private readonly metrics: SentinelMetrics,
  ) {}

  tell(sum: RaisedSum): void {
    this.metrics.raised(sum);
    for (const detection of sum.raised) this.#line(detection, 'a detection was raised');
    for (const detection of sum.updated) this.#line(detection, 'a detection has grown');
  }

  #line(detection: Detection, what: string): void {
    const { id, rule, severity, mode, entity, explanation, responses } = detection;
    const told = { detection: id, rule, severity, mode, entity, explanation };
    if (responses.some(({ action }) => action === 'page')) {
      this.metrics.paged(detection);
      this.log.error(told, `${what}: somebody has to look now`);
    } else if (severity === 'high' || severity === 'critical') this.log.warn(told, what);
    else this.log.info(told, what);
  }
}
