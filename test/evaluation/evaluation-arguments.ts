import { parseArgs } from 'node:util';
import { EVALUATION_SEEDS_FROM } from './model.js';

export const USAGE =
  'usage: npm run evaluate:detection -- [--seed N] [--events N] [--stream-events N] [--workloads N] [--episodes N] [--print]';

export interface EvaluationArguments {
  readonly seed: number;
  /** Benign events of the run for inline rules, about. */
  readonly events: number;
  /** Of the run for stream rules, which goes through PostgreSQL. */
  readonly streamEvents: number;
  readonly workloads: number;
  readonly episodes: number;
  /** Prints the figures and leaves the page as it is. */
  readonly print: boolean;
}

const DEFAULTS = {
  seed: '1002',
  events: '1000000',
  'stream-events': '200000',
  workloads: '200',
  episodes: '20',
};

/** @throws TypeError for an unknown option, or a figure that is none */
export function readArguments(args: readonly string[]): EvaluationArguments {
  const text = (fallback: string) => ({ type: 'string', default: fallback }) as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      seed: text(DEFAULTS.seed),
      events: text(DEFAULTS.events),
      'stream-events': text(DEFAULTS['stream-events']),
      workloads: text(DEFAULTS.workloads),
      episodes: text(DEFAULTS.episodes),
      print: { type: 'boolean', default: false },
    },
  });
  return {
    seed: whole(values.seed),
    events: whole(values.events),
    streamEvents: whole(values['stream-events']),
    workloads: whole(values.workloads),
    episodes: whole(values.episodes),
    print: values.print,
  };
}

function whole(text: string): number {
  const figure = Number(text);
  if (!Number.isSafeInteger(figure) || figure < 1)
    throw new TypeError(`${text} is no whole number`);
  return figure;
}

export const isTuningSeed = (seed: number): boolean => seed < EVALUATION_SEEDS_FROM;
