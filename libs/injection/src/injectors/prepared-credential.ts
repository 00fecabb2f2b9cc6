import { inspect } from 'node:util';
import { type SecretVersion } from '#credentials';
import { type ProxiedResource } from '../proxied-resource.js';
import { searchTerms } from '../scrub/search-terms.js';
import { TermMatcher } from '../scrub/term-matcher.js';
import { type Injector } from './injector.js';
import { injectorFor } from './injector-for.js';

/**
 * One version of a secret, ready to be put on the calls of one resource, and to be found in their responses. Made once a
 * version. Prints as redacted.
 */
export class PreparedCredential {
  readonly #injector: Injector;
  /** What to look for in responses; undefined when the registration says `scrub: off`. */
  readonly #matcher: TermMatcher | undefined;

  private constructor(
    readonly version: number,
    injector: Injector,
    scrub: ProxiedResource['scrub'],
  ) {
    this.#injector = injector;
    this.#matcher =
      scrub === 'off' ? undefined : new TermMatcher(searchTerms(injector.confidential));
  }

  /** @throws CredentialFieldMissing, CredentialUnusable */
  static prepare(resource: ProxiedResource, secret: SecretVersion): PreparedCredential {
    const injector = injectorFor(resource.injection, secret.fields);
    return new PreparedCredential(secret.version, injector, resource.scrub);
  }

  get injector(): Injector {
    return this.#injector;
  }

  get matcher(): TermMatcher | undefined {
    return this.#matcher;
  }

  toJSON(): string {
    return '[redacted]';
  }

  [inspect.custom](): string {
    return `PreparedCredential { version: ${this.version}, [redacted] }`;
  }
}
