import { type PosternEvent, type RotationState, type Severity } from '#events';
import { type CredentialChange } from './rotation-store.js';
import { type Rotation } from './rotation.js';

/** What a transition may change of a rotation besides its state. */
export type RotationFields = Partial<
  Pick<
    Rotation,
    | 'fromVersion'
    | 'toVersion'
    | 'attempt'
    | 'values'
    | 'waits'
    | 'dueAt'
    | 'probe'
    | 'errorClass'
    | 'wrap'
  >
>;

/** What a step comes to: the transition that is to be committed. To its own state: it waits, or has written down an intent. */
export interface Move {
  readonly to: RotationState;
  /** What is absent stays; `waits` counts from 0 in a new state, and it is due at once. */
  readonly set?: RotationFields;
  readonly credential?: CredentialChange;
  /** Committed only when nothing is unanswered; else `otherwise` is. */
  readonly onlyWhenQuiet?: { readonly otherwise: Move };
  /** Besides those that every transition has. */
  readonly events?: readonly PosternEvent[];
  /** Of the event of the transition, where it is not that of its state. */
  readonly severity?: Severity;
}

/** The rotation as it is after the move. */
export function moved(rotation: Rotation, { to, set }: Move, now: Date): Rotation {
  const stays = to === rotation.state;
  return {
    ...rotation,
    state: to,
    ...(stays ? {} : { previousState: rotation.state, stateSince: now, waits: 0 }),
    // What the legacy system took before may not be what it takes now.
    ...(to === 'recovering' && !stays ? { probe: undefined } : {}),
    dueAt: now,
    ...set,
  };
}
