import { type Evidence, type RecordedEvent } from '#events';
import { type Handle, type HandleStore } from '#handles';
import { DecisionUnknown } from './admin-refusal.js';
import { type Verdict, verdictOf } from './verdict.js';

/** Events of one request that an answer shows; a revocation of many handles has more. */
export const EXPLAINED_EVENTS_MAX = 100;

/** One decision: what was decided, by what, and all that was recorded of it. */
export interface Explanation {
  readonly correlationId: string;
  readonly verdict: Verdict;
  /** The event that decides. */
  readonly decisive: RecordedEvent;
  /** What was issued or presented, while it is stored. */
  readonly handle: Handle | undefined;
  readonly events: readonly RecordedEvent[];
  /** There are more events than these. */
  readonly hasMore: boolean;
}

/** Explains a decision to operators, by the correlation id that its caller got. */
export class Explanations {
  constructor(
    private readonly parts: { readonly evidence: Evidence; readonly handles: HandleStore },
  ) {}

  /** @throws DecisionUnknown, DependencyUnavailable */
  async of(correlationId: string): Promise<Explanation> {
    const { evidence, handles } = this.parts;
    const found = await evidence.findByCorrelation(correlationId, EXPLAINED_EVENTS_MAX + 1);
    const decision = verdictOf(found);
    if (decision === undefined) throw new DecisionUnknown(found.map(({ type }) => type));
    const { verdict, event: decisive } = decision;
    const handle =
      verdict.handleId === undefined ? undefined : await handles.findById(verdict.handleId);
    const events = found.slice(0, EXPLAINED_EVENTS_MAX);
    const hasMore = found.length > EXPLAINED_EVENTS_MAX;
    return { correlationId, verdict, decisive, handle, events, hasMore };
  }
}
