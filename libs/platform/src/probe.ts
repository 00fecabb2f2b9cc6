/** What came of asking once. */
export type ProbeAnswer =
  /** Postern itself said no, for the reason that was to be tried. The only good answer. */
  | { readonly outcome: 'refused' }
  /** It was permitted. No text of it ever holds a token, a handle or a secret. */
  | { readonly outcome: 'breached'; readonly permitted: string; readonly detail: string }
  /** It could not be asked, or the answer proves nothing. */
  | { readonly outcome: 'unreachable'; readonly reason: string };

/** Something that must be refused whenever it is asked for. */
export interface Probe {
  /** The door that is tried. */
  readonly door: 'exchange' | 'call';
  /** Label of metrics, the same for all items. */
  readonly name: string;
  /** Of what it is asked, one after the other: ids of issuers or of resources. */
  readonly items: readonly string[];
  /** Asks once. Must end soon after `signal` is aborted; a rejection counts as unreachable. */
  ask(item: string, signal: AbortSignal): Promise<ProbeAnswer>;
}

/** A probe that was permitted, for the record. */
export interface ProbeBreach {
  readonly door: Probe['door'];
  readonly permitted: string;
  readonly detail: string;
}
