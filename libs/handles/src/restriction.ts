import { type RestrictionKind } from '#events';

/** How long one lasts that nobody said an end of, and how long any does at most; only a new detection renews it. */
export const RESTRICTION_SECONDS = 30 * 60;
export const RESTRICTION_SECONDS_MAX = 60 * 60;
/** Most that stand at once; the response budget of rules keeps well below. */
export const RESTRICTIONS_STANDING_MAX = 1_000;
/** Most resources that one of known credentials leaves open. */
export const KNOWN_RESOURCES_MAX = 500;

/** Of the kinds that count: for how long is counted. */
export const RESTRICTION_WINDOW_SECONDS = {
  exchange_rate: 300,
  guess_rate: 60,
  bytes_rate: 60,
} as const satisfies Partial<Record<RestrictionKind, number>>;
export type CountedKind = keyof typeof RESTRICTION_WINDOW_SECONDS;

type Counted<Kind extends CountedKind> = Kind extends CountedKind
  ? {
      readonly kind: Kind;
      readonly entityId: string;
      /** A positive whole number: so many a window; of `bytes_rate` bytes of answers. */
      readonly limit: number;
    }
  : never;

/**
 * What is restricted, and of which one entity: a workload (`subject_id`), a network zone or a handle (its id).
 * - `exchange_rate`: exchanges of a workload.
 * - `known_credentials_only`: a workload is given handles for these resources alone.
 * - `guess_rate`: handles that nobody was given, from one source; who presents one that exists is not touched.
 * - `source_block`: the same, without even one.
 * - `bytes_rate`: what comes back through one handle.
 */
export type RestrictionTerms =
  | Counted<CountedKind>
  | {
      readonly kind: 'known_credentials_only';
      readonly entityId: string;
      /** Ids of resources, at most KNOWN_RESOURCES_MAX. */
      readonly resources: readonly string[];
    }
  | { readonly kind: 'source_block'; readonly entityId: string };

/** What a detection does to one entity for a time. It ends by itself, and can be lifted before. */
export type Restriction = RestrictionTerms & {
  /** `rst_` and up to 60 characters. */
  readonly id: string;
  readonly detectionId: string;
  /** Of the detection. */
  readonly rule: string;
  readonly imposedAt: Date;
  /** Its end, at most RESTRICTION_SECONDS_MAX after its beginning. */
  readonly until: Date;
  /** Undefined: nobody lifted it. */
  readonly liftedAt: Date | undefined;
};

export type RestrictionOf<Kind extends RestrictionKind> = Extract<Restriction, { kind: Kind }>;

/** What each kind is of. */
export const RESTRICTED_ENTITY: Readonly<Record<RestrictionKind, 'subject' | 'source' | 'handle'>> =
  {
    exchange_rate: 'subject',
    known_credentials_only: 'subject',
    guess_rate: 'source',
    source_block: 'source',
    bytes_rate: 'handle',
  };

/** The one entity that it is for: `<scope>:<id>`. */
export const restrictedTarget = ({ kind, entityId }: RestrictionTerms): string =>
  `${RESTRICTED_ENTITY[kind]}:${entityId}`;

/** It is over at the instant of its end. */
export const isStanding = (
  { until, liftedAt }: Pick<Restriction, 'until' | 'liftedAt'>,
  now: Date,
): boolean => liftedAt === undefined && now < until;

/** Which of its windows an instant is in, from 0, and in how many seconds the next one begins: at least 1. */
export function windowAt(
  { kind, imposedAt }: RestrictionOf<CountedKind>,
  now: Date,
): { readonly window: number; readonly secondsLeft: number } {
  const length = RESTRICTION_WINDOW_SECONDS[kind];
  // A clock that is behind who imposed it is in the first one.
  const seconds = Math.max(0, (now.getTime() - imposedAt.getTime()) / 1_000);
  const window = Math.floor(seconds / length);
  return { window, secondsLeft: Math.max(1, Math.ceil((window + 1) * length - seconds)) };
}

/** Until it is over, in whole seconds: at least 1. */
export const secondsUntilEnd = ({ until }: Restriction, now: Date): number =>
  Math.max(1, Math.ceil((until.getTime() - now.getTime()) / 1_000));
