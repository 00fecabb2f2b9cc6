import { type Injection } from '../injection.js';
import { injectBasic } from './basic.js';
import { injectBearer } from './bearer.js';
import { injectHeader } from './header.js';
import { type Injector } from './injector.js';
import { injectQuery } from './query.js';
import { type SecretFields } from './secret-field.js';

/** The injector of a registration, for one version of its secret. @throws CredentialFieldMissing, CredentialUnusable */
export function injectorFor(injection: Injection, fields: SecretFields): Injector {
  switch (injection.kind) {
    case 'basic':
      return injectBasic(injection, fields);
    case 'bearer':
      return injectBearer(injection, fields);
    case 'header':
      return injectHeader(injection, fields);
    case 'query':
      return injectQuery(injection, fields);
  }
}
