import { type Clock } from '#kernel';
import { injectAwsSigV4 } from './aws-sigv4.js';
import { injectBasic } from './basic.js';
import { injectBearer } from './bearer.js';
import { injectBodyField } from './body-field.js';
import { injectClientCertificate } from './client-certificate.js';
import { injectCookie } from './cookie.js';
import { injectDigest } from './digest.js';
import { injectHeader } from './header.js';
import { injectHmac } from './hmac.js';
import { type Injector } from './injector.js';
import { type DirectInjection } from './opener-for.js';
import { injectQuery } from './query.js';
import { type SecretFields } from './secret-field.js';
import { injectSoapUsernameToken } from './soap-username-token.js';

/** What injectors that sign take from outside. */
export interface InjectorPorts {
  readonly clock: Clock;
}

/** The injector of a registration, for one version of its secret. @throws CredentialFieldMissing, CredentialUnusable */
// eslint-disable-next-line complexity -- one line a kind, and nothing else
export function injectorFor(
  injection: DirectInjection,
  fields: SecretFields,
  ports: InjectorPorts,
): Injector {
  switch (injection.kind) {
    case 'basic':
      return injectBasic(injection, fields);
    case 'bearer':
      return injectBearer(injection, fields);
    case 'header':
      return injectHeader(injection, fields);
    case 'query':
      return injectQuery(injection, fields);
    case 'cookie':
      return injectCookie(injection, fields);
    case 'body-field':
      return injectBodyField(injection, fields);
    case 'hmac':
      return injectHmac(injection, fields, ports);
    case 'digest':
      return injectDigest(injection, fields);
    case 'client-certificate':
      return injectClientCertificate(injection, fields, ports.clock);
    case 'aws-sigv4':
      return injectAwsSigV4(injection, fields, ports);
    case 'soap-username-token':
      return injectSoapUsernameToken(injection, fields, ports);
  }
}
