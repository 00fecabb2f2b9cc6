import { type z } from 'zod';
import { auditEvents } from './audit-events.js';
import { callEvents } from './call-events.js';
import { canaryEvents } from './canary-events.js';
import { commandEvents } from './command-events.js';
import { credentialEvents } from './credential-events.js';
import { detectionEvents } from './detection-events.js';
import { exchangeEvents } from './exchange-events.js';
import { handleEvents } from './handle-events.js';
import { keyEvents } from './key-events.js';
import { leakEvents } from './leak-events.js';
import { policyEvents } from './policy-events.js';
import { responseEvents } from './response-events.js';
import { restrictionEvents } from './restriction-events.js';
import { rotationEvents } from './rotation-events.js';
import { signalEvents } from './signal-events.js';
import { stateEvents } from './state-events.js';
import { TOPICS, type Topic } from './topics.js';
import { wrapEvents } from './wrap-events.js';

/** Every event type with the shape of its `data`. The published JSON Schemas are generated from this. */
export const CATALOGUE = {
  ...exchangeEvents,
  ...handleEvents,
  ...callEvents,
  ...policyEvents,
  ...signalEvents,
  ...leakEvents,
  ...stateEvents,
  ...commandEvents,
  ...rotationEvents,
  ...wrapEvents,
  ...credentialEvents,
  ...detectionEvents,
  ...responseEvents,
  ...restrictionEvents,
  ...auditEvents,
  ...keyEvents,
  ...canaryEvents,
};

export type EventType = keyof typeof CATALOGUE;
export type EventDataOf<T extends EventType> = z.infer<(typeof CATALOGUE)[T]>;

const FAMILY_TOPICS: Record<string, Topic> = {
  exchange: TOPICS.exchange,
  handle: TOPICS.handle,
  call: TOPICS.call,
  policy: TOPICS.policy,
  probe: TOPICS.policy,
  review: TOPICS.policy,
  signal: TOPICS.policy,
  leak: TOPICS.policy,
  command: TOPICS.policy,
  postern: TOPICS.policy,
  revocation: TOPICS.revocationState,
  rotation: TOPICS.rotation,
  wrap: TOPICS.rotation,
  credential: TOPICS.rotation,
  detection: TOPICS.detection,
  response: TOPICS.detection,
  restriction: TOPICS.detection,
  audit: TOPICS.auditCheckpoint,
  canary: TOPICS.canary,
};

/** Types that lie elsewhere than the rest of their family. */
const TYPE_TOPICS: Readonly<Record<string, Topic>> = {
  'dev.postern.credential.state.v1': TOPICS.credentialState,
};

/** What follows from the name of an event type, `dev.postern.<family>.<what>.v<major>`. */
interface NamedType {
  readonly topic: Topic | undefined;
  readonly dataSchema: string;
}

// Asked for each event: worked out once.
const NAMED: ReadonlyMap<string, NamedType> = new Map(
  Object.keys(CATALOGUE).map((type) => {
    const [, , family = '', what = '', version = ''] = type.split('.');
    const dataSchema = `https://postern.dev/schemas/${family}.${what}/${version.slice(1)}.json`;
    return [type, { topic: TYPE_TOPICS[type] ?? FAMILY_TOPICS[family], dataSchema }];
  }),
);

function named(type: EventType): NamedType {
  const found = NAMED.get(type);
  if (found === undefined) throw new TypeError(`event type ${type} is not in the catalogue`);
  return found;
}

/** The topic of an event type. */
export function topicOf(type: EventType): Topic {
  const { topic } = named(type);
  if (topic === undefined) throw new TypeError(`event type ${type} has no topic`);
  return topic;
}

/** Where the JSON Schema of the event's `data` is published; the major version is part of it. */
export const dataSchemaOf = (type: EventType): string => named(type).dataSchema;
