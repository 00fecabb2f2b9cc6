import { z } from 'zod';
import { choice, text } from './config-values.js';

const field = text.describe('name of a field of the secret');

/** RFC 6265. */
export const cookieInject = z.strictObject({
  as: z.literal('cookie'),
  name: text.describe('of the cookie'),
  value: field,
});

/** Calls without such a body are refused. */
export const bodyFieldInject = z.strictObject({
  as: z.literal('body-field'),
  format: choice(['form', 'json']),
  name: text.describe(
    'of the parameter, or of the outermost member; for json also a JSON pointer such as /auth/apiKey',
  ),
  value: field,
});
