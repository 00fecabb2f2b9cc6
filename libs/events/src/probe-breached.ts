import { randomId } from '#kernel';
import { type EventFactory, type PosternEvent } from './postern-event.js';

const TEXT_CHARACTERS_MAX = 1024;

/** The event of a probe that was permitted and must be refused. No text of it may hold a token, a handle or a secret. */
export function probeBreached(
  events: EventFactory,
  breach: {
    readonly door: 'exchange' | 'call';
    readonly permitted: string;
    readonly detail: string;
  },
): PosternEvent {
  const item = `probe/${breach.door}`;
  return events.create('dev.postern.probe.breached.v1', {
    subject: item,
    partitionKey: item,
    correlationId: randomId('prb'),
    severity: 'FATAL',
    data: {
      probe: breach.door,
      permitted: breach.permitted.slice(0, TEXT_CHARACTERS_MAX),
      detail: breach.detail.slice(0, TEXT_CHARACTERS_MAX),
    },
  });
}
