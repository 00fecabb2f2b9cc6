import { z } from 'zod';
import { choice, text } from './config-values.js';

const STRING_TO_SIGN_CHARACTERS_MAX = 2048;

/** Lines end with a line feed, as they do in YAML. */
const lines = z
  .string()
  .min(1, 'expected text, and it is empty')
  .max(
    STRING_TO_SIGN_CHARACTERS_MAX,
    `expected at most ${STRING_TO_SIGN_CHARACTERS_MAX} characters`,
  )
  .refine(
    (value) => !/(?!\n)[\p{Cc}\p{Cs}]/u.test(value),
    'expected text without control characters but line feeds',
  );

const header = z.strictObject({
  name: text.describe('of the header'),
  template: text.describe('its value, with placeholders such as {signature} and {field:keyId}'),
});

const algorithm = z.union(
  [
    choice(['sha256', 'sha512']),
    z.strictObject({ sha1: text.describe('why the destination takes nothing better') }),
  ],
  'expected sha256, sha512 or { sha1: "<why the destination takes nothing better>" }',
);

/** RFC 2104, over a declared string. */
export const hmacInject = z.strictObject({
  as: z.literal('hmac'),
  algorithm,
  key: text.describe('name of the field of the secret that holds the key'),
  keyEncoding: choice(['utf8', 'base64', 'hex']).default('utf8'),
  stringToSign: lines.describe('what is signed, with placeholders such as {method} and {path}'),
  signatureEncoding: choice(['hex', 'base64', 'base64url']),
  header: header.describe('takes {signature}'),
  dateHeader: z
    .strictObject({
      name: text.describe('of the header that sends {date}'),
      format: choice(['rfc1123', 'iso', 'epoch']).default('rfc1123'),
    })
    .optional(),
  nonceHeader: text.describe('name of the header that sends {nonce}').optional(),
  headers: z.array(header).max(8, 'expected at most 8').default([]).describe('further headers'),
});

type HmacFile = z.output<typeof hmacInject>;

export interface HmacInjectEntry extends Omit<
  HmacFile,
  'as' | 'algorithm' | 'dateHeader' | 'nonceHeader'
> {
  readonly kind: 'hmac';
  readonly algorithm: 'sha1' | 'sha256' | 'sha512';
  readonly dateHeader?: NonNullable<HmacFile['dateHeader']>;
  readonly nonceHeader?: string;
}

export function hmacEntry({
  as: kind,
  algorithm,
  dateHeader,
  nonceHeader,
  ...rest
}: HmacFile): HmacInjectEntry {
  return {
    ...rest,
    kind,
    algorithm: typeof algorithm === 'string' ? algorithm : 'sha1',
    ...(dateHeader === undefined ? {} : { dateHeader }),
    ...(nonceHeader === undefined ? {} : { nonceHeader }),
  };
}
