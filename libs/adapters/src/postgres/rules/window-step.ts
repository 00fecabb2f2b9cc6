/**
 * A step of a rule that looks back from each event. `sliding` goes over the events in their order, once: that is how
 * PostgreSQL computes it. `joined` says the same by joins and sums, which a stream processor can correct whatever comes
 * late: it has no order to go by. Both read and make the same columns.
 */
export interface WindowStep {
  readonly sliding: string;
  readonly joined: string;
}
