import { type Digest } from '#kernel';
import { type PosternEvent, type RevocationInitiator } from '#events';
import { type Handle } from './handle.js';
import { type HandleSelector } from './handle-selector.js';

/** What a change has come to. */
export interface HandleChangeSum {
  /** How many handles it changed. */
  readonly handles: number;
  /** Of the handles that this target was ever changed for, when the last expires; `at` when there was none. */
  readonly until: Date;
  /** Of a handle that was named by its id and changed. */
  readonly familyId: string | undefined;
}

/** The proof that an order was carried out: written with the last of its effects, and found when it comes again. */
export interface OrderReceipt {
  readonly key: Digest;
  /** Where the order came from; at most 256 characters. */
  readonly mark: string;
  /** From then on it may be forgotten: the order itself is too old to be taken. */
  readonly expiresAt: Date;
  /** The events that go with the receipt. */
  readonly eventsOf: (handles: number) => readonly PosternEvent[];
}

interface Ordered {
  readonly selector: HandleSelector;
  /** Only handles whose subject is of one of these issuers (`iss`); undefined: of any. */
  readonly within?: ReadonlySet<string> | undefined;
  readonly at: Date;
  /** The event of one handle that this changes. */
  readonly eventOf: (handle: Handle) => PosternEvent;
  /** The event of the change as a whole; undefined: there is none. */
  readonly stateOf?: ((sum: HandleChangeSum) => PosternEvent) | undefined;
  readonly receipt?: OrderReceipt | undefined;
}

export type HandleRevocation = Ordered;
export type HandleResumption = Ordered;

/** A suspension stands until it is resumed: it also meets handles that would be issued meanwhile. */
export interface HandleSuspension extends Ordered {
  readonly reason: string;
  readonly initiator: RevocationInitiator;
  readonly initiatorId: string | undefined;
}

export type HandleChange =
  | ({ readonly action: 'revoke' } & HandleRevocation)
  | ({ readonly action: 'suspend' } & HandleSuspension)
  | ({ readonly action: 'resume' } & HandleResumption);

/** `repeated`: there is a receipt of the order already, from `mark`; of this one nothing was done, or no more. */
export type HandleChangeOutcome =
  | { readonly kind: 'changed'; readonly handles: readonly Handle[] }
  | { readonly kind: 'repeated'; readonly mark: string };
