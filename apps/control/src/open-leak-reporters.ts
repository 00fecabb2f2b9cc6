import { PublishedLeakReportKeys } from '#adapters/issuers';
import { type Clock } from '#kernel';
import { type LeakReporter } from '#oauth';
import { type PosternConfig } from '#platform';

/** Those that `leakReports` of postern.yaml registers. Their keys are read when the first report comes. */
export const openLeakReporters = (
  { leakReports }: Pick<PosternConfig, 'leakReports'>,
  clock: Clock,
): readonly LeakReporter[] =>
  leakReports.map(({ id, keys: place, reviewBy }) => ({
    id,
    reviewBy,
    keys: new PublishedLeakReportKeys({ place, clock }),
  }));
