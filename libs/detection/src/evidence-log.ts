import { type RecordedEvent, type RevocationInitiator } from '#events';
import { type Zones } from './zones.js';

/** Most events that are given of one handle, or of one exchange: the oldest. */
export const SEEN_MAX = 500;

/** Evidence as the rules read it: two tables, `exchanges` and `uses`, and what happened to handles. */
export abstract class EvidenceLog {
  /**
   * Keeps what rules look at of these events, all or none; of events that are known already nothing changes. Zones are
   * told when an event is kept, as its address means something by the configuration of that time.
   * @throws DependencyUnavailable
   */
  abstract append(events: readonly RecordedEvent[], zones: Zones): Promise<void>;

  /** Forgets what is older than rules need; resolves to how many events. @throws DependencyUnavailable */
  abstract purge(now: Date): Promise<number>;
}

/** A permitted exchange, as far as rules compare it with what comes later. */
export interface SeenExchange {
  readonly eventId: string;
  readonly exchangeId: string;
  readonly at: Date;
  readonly environment: string;
  readonly deployment: string;
  readonly subjectId: string;
  readonly familyId: string;
  readonly handleId: string;
  /** The handle that was presented as a token; undefined: it was a subject token. */
  readonly parentHandleId: string | undefined;
  readonly grantId: string;
  readonly resource: string;
  readonly tokenFingerprint: string | undefined;
  /** `subject_token_iat`: the same for all exchanges of one subject token. */
  readonly tokenIssuedAt: Date;
  /** `handle_exp`. */
  readonly handleExpiresAt: Date;
  readonly client: SeenClient;
}

/** From where somebody came: zone by address, family by user agent (`agentFamily`). Absent is a value like others. */
export interface SeenClient {
  readonly ip: string | undefined;
  readonly zone: string | undefined;
  readonly agent: string | undefined;
}

export interface SeenRevocation {
  readonly eventId: string;
  readonly handleId: string;
  readonly familyId: string;
  readonly at: Date;
  /** When it was written, by the clock of the deployment's database: the same for all of its processes. */
  readonly recordedAt: Date;
  readonly reason: string;
  readonly initiator: RevocationInitiator;
}

/** A call that was denied since its handle was revoked or has expired (`call.denied`). */
export interface SeenDenial {
  readonly eventId: string;
  readonly handleId: string;
  readonly reason: 'revoked' | 'expired';
  readonly at: Date;
  /** By the clock of the deployment's database. */
  readonly recordedAt: Date;
  readonly environment: string;
  readonly deployment: string;
  readonly resource: string | undefined;
  /** How many calls the event stands for: 1, or its `count`. */
  readonly count: number;
  readonly client: SeenClient;
}

/** An exchange that was denied since its subject token had been exchanged before. */
export interface SeenReplay {
  readonly eventId: string;
  readonly exchangeId: string;
  /** `cross_env_replay`: it had been exchanged in another environment, by a deployment with the same memory of tokens. */
  readonly reason: 'replayed' | 'cross_env_replay';
  /** Of the first exchange of that token. */
  readonly priorExchangeId: string;
  readonly at: Date;
  readonly environment: string;
  readonly deployment: string;
  readonly subjectId: string;
  readonly client: SeenClient;
}

/** A place among the events of one partition key that none was kept for: one was lost, or has not come yet. */
export interface SeenGap {
  /** The event behind it. */
  readonly eventId: string;
  readonly at: Date;
  readonly environment: string;
  readonly deployment: string;
  readonly partitionKey: string;
  /** How many are missing in front of it. */
  readonly missing: number;
}

/** Which gaps are asked for. */
export interface GapSpan {
  readonly from: Date;
  readonly until: Date;
  /** Undefined: those of all deployments. */
  readonly of?: { readonly environment: string; readonly deployment: string };
}

/** What was seen before: the memory of the rules that decide on one event. All look-ups are for many at once. */
export abstract class EvidenceHistory {
  /** The permitted exchanges of these families (all handles of one subject token are one), the oldest first. */
  abstract exchangesOf(familyIds: readonly string[]): Promise<readonly SeenExchange[]>;

  /** The permitted exchanges with these ids. */
  abstract exchanges(exchangeIds: readonly string[]): Promise<readonly SeenExchange[]>;

  /** The exchanges that these handles came from. */
  abstract originsOf(handleIds: readonly string[]): Promise<readonly SeenExchange[]>;

  abstract revocationsOf(handleIds: readonly string[]): Promise<readonly SeenRevocation[]>;

  /** The calls with these handles that were denied as `revoked` or `expired`, the oldest first, of each handle SEEN_MAX. */
  abstract denialsOf(handleIds: readonly string[]): Promise<readonly SeenDenial[]>;

  /** The denials that name one of these exchanges as the prior one, the oldest first, of each SEEN_MAX. */
  abstract replaysOf(exchangeIds: readonly string[]): Promise<readonly SeenReplay[]>;

  /**
   * Gaps in `sequence` that are still open, by the time at which the event behind them was kept (machine time), at least
   * `from` and less than `until`; at most SEEN_MAX, the oldest first. Only of partition keys that `isCountedKey` names,
   * and not in front of the first event that is known of a key. Each deployment counts for itself, and who asks for its
   * own is given no others: many of another one hide none of it.
   */
  abstract gaps(span: GapSpan): Promise<readonly SeenGap[]>;

  /** When the newest event that is kept happened, and none in the future of `now`; undefined: none is kept. */
  abstract newestAt(now: Date): Promise<Date | undefined>;

  /**
   * When the newest exchange, the newest call and the newest change of a handle happened that are kept, the earliest of the
   * three, and none in the future of `now`: these come by topics of their own, of which one may be read faster than
   * another. Undefined: there is none of one of them.
   */
  abstract allReadUntil(now: Date): Promise<Date | undefined>;
}

/**
 * Whether the sentinel reads all topics on which events of a partition key lie, so that each missing number is a lost
 * event: handles and peers. The numbers of a workload run on through `postern.detection.v1`, which it does not read.
 */
export const isCountedKey = (partitionKey: string): boolean => /^(?:hdl_|peer:)/.test(partitionKey);
