import { z } from 'zod';
import { confidentialUrl, text } from './config-values.js';
import { type Oauth2InjectEntry } from './postern-config.js';

const field = text.describe('name of a field of the secret');

/** `inject.as: oauth2-client-credentials`. */
export const oauth2Inject = z.strictObject({
  as: z.literal('oauth2-client-credentials'),
  tokenEndpoint: confidentialUrl,
  clientId: field,
  clientSecret: field,
  scope: text.optional(),
  audience: text.optional(),
  resource: text.describe('an absolute URI (RFC 8707)').optional(),
  authentication: z
    .enum(['client_secret_basic', 'client_secret_post'])
    .default('client_secret_basic'),
  allowPrivate: z
    .boolean()
    .default(false)
    .describe('whether the endpoint may be on a private or loopback address'),
});

export function oauth2InjectEntry(inject: z.output<typeof oauth2Inject>): Oauth2InjectEntry {
  const { as: kind, scope, audience, resource, ...rest } = inject;
  return { kind, ...rest, scope, audience, resource };
}
