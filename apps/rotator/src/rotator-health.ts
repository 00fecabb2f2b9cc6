import { type HealthRegistry } from '#platform';

/** How the rotator is, for health checks. */
export interface RotatorState {
  /** Why none can be leased; undefined while all is well. */
  readonly trouble: string | undefined;
  /** What rotations and credentials an operator should look at; undefined: at none. */
  readonly note: string | undefined;
  /** Seconds since it was last known what is due. */
  readonly stalledSeconds: number;
  readonly slowestStep: { readonly description: string; readonly seconds: number } | undefined;
  /** A step has taken longer than any may. */
  readonly isStuck: boolean;
}

/** Longer than any question to the database takes. */
const NOT_READY_AFTER_SECONDS = 30;
/** Only another start may help. */
const STUCK_AFTER_SECONDS = 60;
/** A step that takes longer waits for somebody. */
const SLOW_STEP_SECONDS = 60;

/**
 * Readiness and liveness of a rotator, both from what it gets done. That a rotation needs an administrator, or takes too
 * long, is a note: the rotator does its work, and calls go on. `ping` rejects when the database cannot be reached.
 */
export function addRotatorHealth(
  health: HealthRegistry,
  state: RotatorState,
  ping: () => Promise<unknown>,
): void {
  health.add('rotator', () => {
    const { trouble, stalledSeconds } = state;
    if (trouble !== undefined) throw new Error(trouble);
    if (stalledSeconds > NOT_READY_AFTER_SECONDS) throw new Error(noProgress(state));
    return noteOf(state);
  });
  health.addLife('rotator', async () => {
    const isStuck = state.isStuck || state.stalledSeconds > STUCK_AFTER_SECONDS;
    if (!isStuck) return;
    // Where the database does not answer either, a new start would find the same.
    const answers = await ping().then(
      () => true,
      () => false,
    );
    if (answers) throw new Error(slowStep(state, 0) ?? noProgress(state));
  });
}

function noteOf(state: RotatorState): string | undefined {
  const notes = [slowStep(state, SLOW_STEP_SECONDS), state.note];
  const there = notes.filter((note) => note !== undefined);
  return there.length === 0 ? undefined : there.join('; ');
}

function slowStep({ slowestStep }: RotatorState, afterSeconds: number): string | undefined {
  if (slowestStep === undefined || slowestStep.seconds <= afterSeconds) return undefined;
  return `${slowestStep.description}: its step has been under way for ${Math.round(slowestStep.seconds)} s`;
}

const noProgress = ({ stalledSeconds }: RotatorState): string =>
  `no look at what is due for ${Math.round(stalledSeconds)} s`;
