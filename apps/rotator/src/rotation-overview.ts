import { type RotationState, rotationStates } from '#events';
import { type Clock } from '#kernel';
import { isAtRest, isEnded, type Rotation, type RotationStore } from '#rotation';

export interface RotationOverviewParts {
  readonly store: Pick<RotationStore, 'list'>;
  readonly clock: Clock;
  /** Hears of all that have not ended, at each look. */
  readonly onActive: (rotations: readonly Rotation[]) => void;
}

const ACTIVE = rotationStates.filter((state) => !isEnded(state));
/** The new version is in use: calls with the old one are given their time, whatever the deadline says. */
const CHANGED_OVER: ReadonlySet<RotationState> = new Set(['promoted', 'draining']);
const LIST_MAX = 500;
/** Named in a note; of the others the number. */
const NAMED_MAX = 3;

/** What stands still or takes too long, of all rotators together. For notes of readiness: calls go on meanwhile. */
export class RotationOverview {
  #active: readonly Rotation[] = [];

  constructor(private readonly parts: RotationOverviewParts) {}

  /** Call it every few seconds. @throws DependencyUnavailable */
  async look(): Promise<void> {
    this.#active = await this.parts.store.list({ states: ACTIVE, limit: LIST_MAX });
    this.parts.onActive(this.#active);
  }

  /** Undefined while nothing waits for an administrator. */
  get manualRequired(): string | undefined {
    const waiting = this.#active.filter(({ state }) => state === 'manual_required');
    return named(waiting, 'an administrator has to look at');
  }

  /** Undefined while none has gone on for longer than it may. */
  get overdue(): string | undefined {
    const now = this.parts.clock.now();
    const late = this.#active.filter(
      ({ state, deadlineAt }) => deadlineAt < now && !isAtRest(state) && !CHANGED_OVER.has(state),
    );
    return named(late, 'past its deadline');
  }
}

function named(rotations: readonly Rotation[], what: string): string | undefined {
  if (rotations.length === 0) return undefined;
  const names = rotations
    .slice(0, NAMED_MAX)
    .map(({ id, resource, state }) => `${resource} (${id}, ${state})`);
  const others = rotations.length - names.length;
  return `${what}: ${names.join(', ')}${others > 0 ? ` and ${others} more` : ''}`;
}
