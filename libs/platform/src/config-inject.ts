import { z } from 'zod';
import { bodyFieldInject, cookieInject } from './config-inject-body.js';
import { clientCertificateInject, digestInject } from './config-inject-digest.js';
import { hmacEntry, hmacInject } from './config-inject-hmac.js';
import { formInject, formInjectEntry } from './config-inject-form.js';
import { oauth2Inject, oauth2InjectEntry } from './config-inject-oauth2.js';
import { awsSigV4Inject, soapUsernameTokenInject } from './config-inject-signed.js';
import { choiceProblem, text } from './config-values.js';
import { type InjectEntry } from './postern-config.js';

const INJECTORS = [
  'basic',
  'bearer',
  'header',
  'query',
  'cookie',
  'body-field',
  'hmac',
  'digest',
  'client-certificate',
  'oauth2-client-credentials',
  'aws-sigv4',
  'soap-username-token',
  'form-login',
] as const;
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
    cookieInject,
    bodyFieldInject,
    hmacInject,
    digestInject,
    clientCertificateInject,
    oauth2Inject,
    formInject,
    awsSigV4Inject,
    soapUsernameTokenInject,
  ],
  { error: ({ input }) => choiceProblem(asWritten(input), INJECTORS, []) },
);

export type InjectFile = z.output<typeof inject>;

/** From `inject` as people write it to what the process works with. */
export function injectEntry(inject: InjectFile): InjectEntry {
  switch (inject.as) {
    case 'client-certificate': {
      const { certificate, key, passphrase } = inject;
      const opened = passphrase === undefined ? {} : { passphrase };
      return { kind: 'client-certificate', certificate, key, ...opened };
    }
    case 'hmac':
      return hmacEntry(inject);
    case 'form-login':
      return formInjectEntry(inject);
    case 'oauth2-client-credentials':
      return oauth2InjectEntry(inject);
    default:
      return withKind(inject);
  }
}

type WithKind<File> = File extends { readonly as: infer Kind }
  ? Omit<File, 'as'> & { readonly kind: Kind }
  : never;

/** Of kinds that are written as they are worked with. */
const withKind = <File extends InjectFile>({ as, ...rest }: File): WithKind<File> =>
  ({ kind: as, ...rest }) as unknown as WithKind<File>;
