import { z } from 'zod';
import { choice, text } from './config-values.js';

const field = text.describe('name of a field of the secret');
const accepted = <const Served extends readonly string[]>(served: Served, by: string) =>
  z
    .array(choice(served))
    .min(1, 'expected at least one, or nothing for all')
    .refine((list) => new Set(list).size === list.length, 'expected each one once')
    .default([...served])
    .describe(by);

/** RFC 7616. */
export const digestInject = z.strictObject({
  as: z.literal('digest'),
  username: field,
  password: field,
  algorithms: accepted(
    ['SHA-512-256', 'SHA-256', 'MD5'],
    'what may be answered to, their -sess variants too; the strongest that is offered is taken',
  ),
  qop: accepted(['auth', 'auth-int'], 'the first that the destination offers is taken'),
});

/** The connection proves it, in its handshake. */
export const clientCertificateInject = z.strictObject({
  as: z.literal('client-certificate'),
  certificate: field.describe('field of the secret: the chain in PEM form, the leaf first'),
  key: field.describe('field of the secret: the key of the leaf, in PEM form'),
  passphrase: field.describe('field of the secret: opens an encrypted key').optional(),
});
