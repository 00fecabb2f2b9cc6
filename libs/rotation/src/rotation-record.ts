import { credentialStateEvent, type ManagedCredential } from '#credentials';
import { type EventFactory, type PosternEvent, type RotationState, type Severity } from '#events';
import { itemOf, rotationBlock } from './requested-events.js';
import { type CredentialChange } from './rotation-store.js';
import { type Rotation } from './rotation.js';

/** What a rotation can come to. */
type ReachedState = Exclude<RotationState, 'requested'>;

const TYPES = {
  intake: 'dev.postern.rotation.intake.v1',
  staged: 'dev.postern.rotation.staged.v1',
  quiescing: 'dev.postern.rotation.quiescing.v1',
  applying: 'dev.postern.rotation.applying.v1',
  applied: 'dev.postern.rotation.applied.v1',
  verifying: 'dev.postern.rotation.verifying.v1',
  verified: 'dev.postern.rotation.verified.v1',
  resumed: 'dev.postern.rotation.resumed.v1',
  promoting: 'dev.postern.rotation.promoting.v1',
  promoted: 'dev.postern.rotation.promoted.v1',
  draining: 'dev.postern.rotation.draining.v1',
  retiring: 'dev.postern.rotation.retiring.v1',
  done: 'dev.postern.rotation.done.v1',
  wrap_suspect: 'dev.postern.rotation.wrap_suspect.v1',
  wrap_lost: 'dev.postern.rotation.wrap_lost.v1',
  recovering: 'dev.postern.rotation.recovering.v1',
  out_of_sync: 'dev.postern.rotation.out_of_sync.v1',
  reconciling: 'dev.postern.rotation.reconciling.v1',
  abandoned: 'dev.postern.rotation.abandoned.v1',
  manual_required: 'dev.postern.rotation.manual_required.v1',
  rolling_back: 'dev.postern.rotation.rolling_back.v1',
  rolled_back: 'dev.postern.rotation.rolled_back.v1',
} as const satisfies Record<ReachedState, string>;

const SEVERITIES: Partial<Record<RotationState, Severity>> = {
  recovering: 'WARN',
  abandoned: 'WARN',
  rolling_back: 'WARN',
  rolled_back: 'WARN',
  wrap_suspect: 'ERROR',
  wrap_lost: 'ERROR',
  out_of_sync: 'ERROR',
  manual_required: 'FATAL',
};

/** That a rotation came into its state from another one. */
export function transitionEvent(
  events: EventFactory,
  next: Rotation & { readonly state: ReachedState },
  { from, severity }: { readonly from: RotationState; readonly severity?: Severity | undefined },
): PosternEvent {
  const { state } = next;
  const data = { ...rotationBlock(next), state, prev_state: from };
  return events.create(TYPES[state], {
    ...itemOf(next),
    severity: severity ?? SEVERITIES[state] ?? 'INFO',
    data,
  });
}

export const isReached = (
  rotation: Rotation,
): rotation is Rotation & { readonly state: ReachedState } => rotation.state !== 'requested';

/** How the credential stands after a change. */
export function credentialChangedEvent(
  events: EventFactory,
  credential: ManagedCredential,
  change: CredentialChange,
  told: { readonly correlationId: string; readonly at: Date },
): PosternEvent {
  const { currentVersion, fallbackVersion, state } = change;
  const after = {
    ...credential,
    currentVersion: currentVersion ?? credential.currentVersion,
    fallbackVersion:
      fallbackVersion === undefined ? credential.fallbackVersion : (fallbackVersion ?? undefined),
    state: state ?? credential.state,
    epoch: credential.epoch + (currentVersion === undefined ? 0 : 1),
  };
  return credentialStateEvent(events, after, told);
}

/** That neither the value in use nor the new one works. */
export const outOfSyncEvent = (
  events: EventFactory,
  { resource, fromVersion, correlationId }: Rotation,
  windowSeconds: number,
): PosternEvent =>
  events.create('dev.postern.credential.out_of_sync.v1', {
    subject: `credential/${resource}`,
    partitionKey: resource,
    correlationId,
    severity: 'ERROR',
    data: { resource, version: fromVersion ?? 0, failures: 1, window_seconds: windowSeconds },
  });
