import { type ManagedCredential } from '#credentials';
import { type EventFactory, type PosternEvent } from '#events';
import { randomId } from '#kernel';

type Standing = Pick<ManagedCredential, 'currentVersion' | 'resource'>;

const about = (
  resource: string,
): Readonly<Record<'subject' | 'partitionKey' | 'correlationId', string>> => ({
  subject: `credential/${resource}`,
  partitionKey: resource,
  correlationId: randomId('cre'),
});

/** The store does not hold what calls use: a version was deleted, or the newest is older than the one in use. */
export const outOfSync = (
  events: EventFactory,
  { resource, currentVersion }: Standing,
): PosternEvent =>
  events.create('dev.postern.credential.out_of_sync.v1', {
    ...about(resource),
    severity: 'ERROR',
    data: { resource, version: currentVersion, failures: 0, window_seconds: 0 },
  });

/** Calls go on: the current version works (again). */
export const breakerClosed = (
  events: EventFactory,
  { resource, currentVersion }: Standing,
): PosternEvent =>
  events.create('dev.postern.credential.breaker_closed.v1', {
    ...about(resource),
    data: { resource, version: currentVersion, failures: 0, window_seconds: 0 },
  });
