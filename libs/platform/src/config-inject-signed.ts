import { z } from 'zod';
import { choice, text } from './config-values.js';

const field = text.describe('name of a field of the secret');

/** AWS Signature Version 4. */
export const awsSigV4Inject = z.strictObject({
  as: z.literal('aws-sigv4'),
  accessKeyId: field,
  secretAccessKey: field,
  sessionToken: field.optional(),
  region: text.describe('as it stands in the credential scope, such as eu-central-1'),
  service: text.describe('the signing name, such as s3 or execute-api'),
  unsignedPayload: z
    .boolean()
    .default(false)
    .describe('the body is streamed, and not signed: for services that take it, such as s3'),
});

/** WS-Security UsernameToken Profile 1.1. */
export const soapUsernameTokenInject = z.strictObject({
  as: z.literal('soap-username-token'),
  username: field,
  password: field,
  type: choice(['text', 'digest']).describe('the password itself, or a digest of it'),
  mustUnderstand: z
    .boolean()
    .default(false)
    .describe('of a Security header that is made here: its receiver must process or refuse it'),
  soap: choice(['1.1', '1.2', 'auto'])
    .default('auto')
    .describe('the version of the envelopes that are taken; auto: both'),
});
