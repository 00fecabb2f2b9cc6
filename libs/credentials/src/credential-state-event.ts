import { type EventFactory, type PosternEvent } from '#events';
import { epochSeconds } from '#kernel';
import { type ManagedCredential } from './managed-credential.js';

/** How a credential stands, on the topic on which the last record of a resource counts. */
export function credentialStateEvent(
  events: EventFactory,
  credential: Omit<ManagedCredential, 'gate' | 'ref' | 'retiredVersion' | 'serial'>,
  { correlationId, at }: { readonly correlationId: string; readonly at: Date },
): PosternEvent {
  const { resource, currentVersion, fallbackVersion, epoch, state } = credential;
  return events.create('dev.postern.credential.state.v1', {
    subject: `credential/${resource}`,
    partitionKey: resource,
    correlationId,
    at,
    data: {
      resource,
      current_version: currentVersion,
      ...(fallbackVersion === undefined ? {} : { previous_version: fallbackVersion }),
      state,
      epoch,
      at: epochSeconds(at),
    },
  });
}
