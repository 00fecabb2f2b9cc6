import { isOfType, type RecordedEvent } from '#events';
import { agentFamily } from './agent-family.js';
import {
  type SeenClient,
  type SeenDenial,
  type SeenExchange,
  type SeenReplay,
  type SeenRevocation,
} from './evidence-log.js';
import { type Zones } from './zones.js';

interface ToldClient {
  readonly ip: string;
  readonly user_agent?: string | undefined;
}

/** The deployment that an event is of: `urn:postern:<deployment>:<component>`. */
export const deploymentOf = ({ source }: Pick<RecordedEvent, 'source'>): string =>
  source.split(':')[2] ?? '';

/** What the evidence log keeps of a permitted exchange; undefined: the event is another one. */
export function seenExchange(event: RecordedEvent, zones: Zones): SeenExchange | undefined {
  if (!isOfType(event, 'dev.postern.exchange.permitted.v1')) return undefined;
  const { data } = event;
  return {
    ...placeOf(event),
    exchangeId: data.exchange_id,
    subjectId: data.actor.subject_id,
    familyId: data.family_id,
    handleId: data.handle_id,
    parentHandleId: data.parent_handle_id,
    grantId: data.grant_id,
    resource: data.granted_resource,
    tokenFingerprint: data.subject_token_fp,
    tokenIssuedAt: instant(data.subject_token_iat),
    handleExpiresAt: instant(data.handle_exp),
    client: seenClient(data.actor.client, zones),
  };
}

export function seenRevocation(event: RecordedEvent): SeenRevocation | undefined {
  if (!isOfType(event, 'dev.postern.handle.revoked.v1')) return undefined;
  const { handle_id: handleId, family_id: familyId, reason, initiator } = event.data;
  const { eventId, at } = placeOf(event);
  const recordedAt = new Date(event.recordedtime);
  return { eventId, handleId, familyId, at, recordedAt, reason, initiator };
}

export function seenDenial(event: RecordedEvent, zones: Zones): SeenDenial | undefined {
  if (!isOfType(event, 'dev.postern.call.denied.v1')) return undefined;
  const { handle_id: handleId, reason, resource, count = 1, client } = event.data;
  if (handleId === undefined || (reason !== 'revoked' && reason !== 'expired')) return undefined;
  return {
    ...placeOf(event),
    recordedAt: new Date(event.recordedtime),
    ...{ handleId, reason, resource, count },
    client: seenClient(client, zones),
  };
}

export function seenReplay(event: RecordedEvent, zones: Zones): SeenReplay | undefined {
  if (!isOfType(event, 'dev.postern.exchange.denied.v1')) return undefined;
  const { actor, exchange_id: exchangeId, reason, prior_exchange_id: prior } = event.data;
  if (reason !== 'replayed' && reason !== 'cross_env_replay') return undefined;
  if (prior === undefined || actor.subject_id === undefined) return undefined;
  return {
    ...placeOf(event),
    ...{ exchangeId, reason, priorExchangeId: prior, subjectId: actor.subject_id },
    client: seenClient(actor.client, zones),
  };
}

const placeOf = (event: RecordedEvent) => ({
  eventId: event.id,
  at: new Date(event.time),
  environment: event.env,
  deployment: deploymentOf(event),
});

const instant = (seconds: number): Date => new Date(seconds * 1000);

const seenClient = ({ ip, user_agent: agent }: ToldClient, zones: Zones): SeenClient => ({
  ip,
  zone: zones.of(ip),
  agent: agentFamily(agent),
});
