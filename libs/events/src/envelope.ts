import { z } from 'zod';

/** 20 decimal digits, so that the text sorts as the number does. */
const SEQUENCE = /^[0-9]{20}$/;
/** Three parts and a major version: `dev.postern.<family>.<what>.v<major>`. */
const TYPE = /^dev\.postern\.[a-z]+\.[a-z_]+\.v[1-9][0-9]*$/;

/**
 * The attributes of every published event: CloudEvents 1.0.2, its extensions `partitionkey`, `sequence`, `recordedtime`,
 * `correlationid`, `causationid`, `traceparent`, `severitytext`, `dataclassification`, and our own `env`. Loose: a
 * later minor version may add attributes.
 */
export const recordedEnvelope = z.looseObject({
  specversion: z.literal('1.0'),
  id: z.uuid().describe('UUIDv7; de-duplicate on it'),
  source: z
    .string()
    .regex(/^urn:postern:[A-Za-z0-9-]+:[a-z]+$/)
    .describe('urn:postern:<deployment>:<component>'),
  type: z.string().regex(TYPE),
  subject: z.string().min(1).describe('what the event is about, such as handle/hdl_...'),
  time: z.iso.datetime().describe('when it happened'),
  recordedtime: z.iso.datetime().describe('when it was written to the outbox'),
  datacontenttype: z.literal('application/json'),
  dataschema: z.url().describe('JSON Schema of `data`'),
  partitionkey: z.string().min(1).describe('the Kafka record key; events of one key keep order'),
  sequence: z.string().regex(SEQUENCE).describe('per partitionkey, from 1, without gaps'),
  correlationid: z.string().min(1).describe('the request that caused it'),
  causationid: z.string().optional().describe('id of the event that caused it'),
  traceparent: z.string().optional().describe('W3C Trace Context'),
  severitytext: z.enum(['INFO', 'WARN', 'ERROR', 'FATAL']),
  dataclassification: z.literal('internal'),
  env: z.string().min(1).describe('the environment that the deployment serves'),
  data: z.record(z.string(), z.unknown()).describe('its shape is that of dataschema'),
});
