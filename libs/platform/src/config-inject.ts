import { z } from 'zod';
import { choiceProblem, text } from './config-values.js';
import { type InjectEntry } from './postern-config.js';

const INJECTORS = ['basic', 'bearer', 'header', 'query'] as const;
const LATER_INJECTORS = [
  'cookie',
  'form-login',
  'digest',
  'client-certificate',
  'oauth2-client-credentials',
  'hmac',
  'aws-sigv4',
  'soap-username-token',
  'body-field',
];
const asWritten = (value: unknown): unknown =>
  typeof value === 'object' && value !== null && 'as' in value ? value.as : undefined;

const field = text.describe('name of a field of the secret');
/** How the secret is put on calls: `resources[].inject`. */
export const inject = z.discriminatedUnion(
  'as',
  [
    z.strictObject({ as: z.literal('basic'), username: field, password: field }),
    z.strictObject({ as: z.literal('bearer'), value: field }),
    z.strictObject({
      as: z.literal('header'),
      name: text.describe('of the header'),
      template: text.describe('its value, with {field} for a field of the secret'),
    }),
    z.strictObject({ as: z.literal('query'), name: text, value: field }),
  ],
  { error: ({ input }) => choiceProblem(asWritten(input), INJECTORS, LATER_INJECTORS) },
);

export type InjectFile = z.output<typeof inject>;

/** From `inject` as people write it to what the process works with. */
export function injectEntry(inject: InjectFile): InjectEntry {
  switch (inject.as) {
    case 'basic':
      return { kind: 'basic', username: inject.username, password: inject.password };
    case 'bearer':
      return { kind: 'bearer', value: inject.value };
    case 'header':
      return { kind: 'header', name: inject.name, template: inject.template };
    case 'query':
      return { kind: 'query', name: inject.name, value: inject.value };
  }
}
