import { type ManagedCredential } from '#credentials';
import { type RotationState, rotationStates } from '#events';
import { type Metrics } from '#platform';
import { isEnded, type Rotation, rotationKinds } from '#rotation';
import { type Transition } from './told-rotations.js';

/** The rotator's figures for Prometheus. */
export interface RotationMetrics {
  readonly transition: (transition: Transition) => void;
  /** All that have not ended. */
  readonly active: (rotations: readonly Rotation[]) => void;
  readonly login: (outcome: 'ok' | 'fail' | 'unreachable' | 'not_tried') => void;
  readonly credential: (resource: string, credential: ManagedCredential) => void;
  /** `failed`: turns of the loop, or of a duty beside it. */
  readonly failed: (duty: string) => void;
}

export function rotationMetrics(metrics: Metrics): RotationMetrics {
  const failures = metrics.counter(
    'rotator_failures_total',
    'Turns in which a duty of the rotator could not be done',
    ['duty'],
  );
  return {
    transition: transitionMetrics(metrics),
    active: activeMetrics(metrics),
    login: loginMetrics(metrics),
    credential: credentialMetrics(metrics),
    failed: (duty) => failures.inc({ duty }),
  };
}

function transitionMetrics(metrics: Metrics): RotationMetrics['transition'] {
  const transitions = metrics.counter(
    'rotation_transitions_total',
    'Rotations that came into a state',
    ['kind', 'state'],
  );
  const seconds = metrics.histogram(
    'rotation_seconds',
    'From the request of a rotation to its end, however it ended',
    ['kind', 'state'],
  );
  const failures = metrics.counter(
    'rotation_failures_total',
    'Steps of rotations that failed or had to wait, by the class of the failure',
    ['class'],
  );
  // An alarm on the first of its kind sees it rise only when it was there before.
  for (const kind of rotationKinds) {
    for (const state of rotationStates) transitions.inc({ kind, state }, 0);
  }
  return ({ from, to }) => {
    const { kind, state, errorClass, endedAt, requestedAt } = to;
    if (errorClass !== undefined && (from.waits !== to.waits || from.errorClass !== errorClass)) {
      failures.inc({ class: errorClass });
    }
    if (from.state === state) return;
    transitions.inc({ kind, state });
    if (!isEnded(state) || endedAt === undefined) return;
    seconds.observe({ kind, state }, (endedAt.getTime() - requestedAt.getTime()) / 1_000);
  };
}

const ACTIVE_STATES: readonly RotationState[] = rotationStates.filter((state) => !isEnded(state));

function activeMetrics(metrics: Metrics): RotationMetrics['active'] {
  const active = metrics.gauge('rotations_active', 'Rotations that have not ended, by state', [
    'state',
  ]);
  return (rotations) => {
    for (const state of ACTIVE_STATES) {
      active.set({ state }, rotations.filter((rotation) => rotation.state === state).length);
    }
  };
}

function loginMetrics(metrics: Metrics): RotationMetrics['login'] {
  const logins = metrics.counter(
    'rotation_logins_total',
    'Logins that values were tried by (not_tried: the budget of failing logins was spent)',
    ['outcome'],
  );
  return (outcome) => logins.inc({ outcome });
}

function credentialMetrics(metrics: Metrics): RotationMetrics['credential'] {
  const open = metrics.gauge(
    'credential_breaker_open',
    '1 while calls of a resource are refused because its credential is',
    ['resource'],
  );
  const version = metrics.gauge(
    'credential_current_version',
    'Version of the secret that calls of a resource use',
    ['resource'],
  );
  return (resource, { state, currentVersion }) => {
    open.set({ resource }, state === 'breaker_open' ? 1 : 0);
    version.set({ resource }, currentVersion);
  };
}
