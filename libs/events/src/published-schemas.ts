import { z } from 'zod';
import { CATALOGUE, dataSchemaOf, type EventType } from './catalogue.js';
import { detectionCandidate } from './detection-candidate.js';
import { recordedEnvelope } from './envelope.js';

/** A JSON Schema, 2020-12. */
export type PublishedSchema = Readonly<Record<string, unknown>>;

const SCHEMAS_ROOT = 'https://postern.dev/schemas/';
export const ENVELOPE_SCHEMA_ID = `${SCHEMAS_ROOT}cloudevent.json`;
export const CANDIDATE_SCHEMA_ID = `${SCHEMAS_ROOT}detection-candidate/1.json`;

/**
 * Every schema of an event that is published, by its path below `docs/schemas`: the envelope, and the `data` of each event type.
 * They are open: what a later minor version adds is valid too.
 */
export function publishedSchemas(): ReadonlyMap<string, PublishedSchema> {
  const types = Object.keys(CATALOGUE) as EventType[];
  return new Map([
    ['cloudevent.json', schemaOf(recordedEnvelope, ENVELOPE_SCHEMA_ID, 'Envelope of every event')],
    ...types.map((type): [string, PublishedSchema] => {
      const id = dataSchemaOf(type);
      return [id.slice(SCHEMAS_ROOT.length), schemaOf(CATALOGUE[type], id, `data of ${type}`)];
    }),
  ]);
}

/** Those of what others write, likewise. Of a signed command there is none: it is a token. */
export const incomingSchemas = (): ReadonlyMap<string, PublishedSchema> =>
  new Map([
    [
      'detection-candidate/1.json',
      schemaOf(detectionCandidate, CANDIDATE_SCHEMA_ID, 'What a stream processor found'),
    ],
  ]);

function schemaOf(shape: z.ZodType, id: string, title: string): PublishedSchema {
  // As input: what zod writes for output closes every object to further fields.
  const { $schema, ...rest } = z.toJSONSchema(shape, { target: 'draft-2020-12', io: 'input' });
  return { $schema, $id: id, title, ...rest };
}
