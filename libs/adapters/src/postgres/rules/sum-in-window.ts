import { bucketOf } from './stream-rule.js';
import { type WindowStep } from './window-step.js';

/** What is summed up at each event, over the window that ends with it. */
export interface SumInWindow {
  /** Of the step. */
  readonly name: string;
  /** Of each event, besides `at` and `bucket`: names, or `<expression> as <name>`. `event_id` is one of them. */
  readonly columns: readonly string[];
  /** Whose events are summed up together: never null. */
  readonly by: readonly string[];
  readonly summed: string;
  readonly as: string;
  readonly from: string;
  readonly where: string;
  /** Of the window, and of the bucket. */
  readonly seconds: number;
}

/** Makes `name (<columns>, at, bucket, <as>)`. A window includes both of its ends. */
export function sumInWindow(sum: SumInWindow): WindowStep {
  return { sliding: sliding(sum), joined: joined(sum) };
}

const intervalOf = ({ seconds }: SumInWindow): string => `interval '${seconds / 60} minutes'`;
const nameOf = (column: string): string => column.split(' ').at(-1) ?? column;

const sliding = (sum: SumInWindow): string => `${sum.name} as (
      select ${sum.columns.join(', ')}, at, ${bucketOf('at', sum.seconds)} as bucket,
        sum(${sum.summed}) over (
          partition by ${sum.by.join(', ')} order by at
          range between ${intervalOf(sum)} preceding and current row) as ${sum.as}
      from ${sum.from}
      where ${sum.where}
    )`;

/** A window reaches into one bucket before its own: each event is listed in the buckets whose windows it may lie in. */
function joined(sum: SumInWindow): string {
  const by = sum.by.join(', ');
  const own = [...sum.columns.map(nameOf), 'at', 'bucket']
    .map((name) => `later.${name}`)
    .join(', ');
  const same = sum.by.map((name) => `earlier.${name} = later.${name}`).join(' and ');
  return `${sum.name}_event as (
      select ${sum.columns.join(', ')}, at, ${bucketOf('at', sum.seconds)} as bucket, ${sum.summed} as amount
      from ${sum.from}
      where ${sum.where}
    ), ${sum.name}_reach as (
      select ${by}, at, amount, bucket from ${sum.name}_event
      union all
      select ${by}, at, amount, bucket + ${intervalOf(sum)} as bucket from ${sum.name}_event
    ), ${sum.name} as (
      select ${own}, sum(earlier.amount) as ${sum.as}
      from ${sum.name}_event as later join ${sum.name}_reach as earlier on ${same}
        and earlier.bucket = later.bucket and earlier.at >= later.at - ${intervalOf(sum)} and earlier.at <= later.at
      group by ${own}
    )`;
}
