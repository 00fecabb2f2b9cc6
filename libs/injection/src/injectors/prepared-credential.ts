import { inspect } from 'node:util';
import { type SecretVersion } from '#credentials';
import { foldedName } from '../header-names.js';
import { parameterName } from '../canonical-query.js';
import { type Injection, type ProxiedResource } from '../proxied-resource.js';
import { searchTerms } from '../scrub/search-terms.js';
import { TermMatcher } from '../scrub/term-matcher.js';
import { injectBasic } from './basic.js';
import { injectBearer } from './bearer.js';
import { injectHeader } from './header.js';
import { type Injected, type InjectedSecret } from './injected.js';
import { injectQuery } from './query.js';
import { type SecretFields } from './secret-field.js';

/**
 * One version of a secret, ready to be put on the calls of one resource, and to be found in their responses. Made once a
 * version. Prints as redacted.
 */
export class PreparedCredential {
  readonly #injected: Injected;
  /** What to look for in responses; undefined when the registration says `scrub: off`. */
  readonly #matcher: TermMatcher | undefined;

  private constructor(
    readonly version: number,
    { injected, confidential }: InjectedSecret,
    scrub: ProxiedResource['scrub'],
  ) {
    this.#injected = injected;
    this.#matcher = scrub === 'off' ? undefined : new TermMatcher(searchTerms(confidential));
  }

  /** @throws CredentialFieldMissing, CredentialUnusable */
  static prepare(resource: ProxiedResource, secret: SecretVersion): PreparedCredential {
    return new PreparedCredential(
      secret.version,
      inject(resource.injection, secret.fields),
      resource.scrub,
    );
  }

  get matcher(): TermMatcher | undefined {
    return this.#matcher;
  }

  /** Whether the caller's header (by its folded name) is one that we put on: it is dropped. */
  replaces(folded: string): boolean {
    return this.#injected.kind === 'header' && foldedName(this.#injected.name) === folded;
  }

  /** Appends the header that carries the secret, where a header does. */
  addTo(headers: string[]): void {
    if (this.#injected.kind === 'header') headers.push(this.#injected.name, this.#injected.value);
  }

  /** The caller's query without parameters of the injected name, and with the injected one where a query carries it. */
  appliedTo(query: string): string {
    if (this.#injected.kind !== 'query') return query;
    const { name, parameter } = this.#injected;
    const isSame = (other: string): boolean =>
      other.split(';').some((part) => parameterName(part).toLowerCase() === name.toLowerCase());
    const kept = query === '' ? [] : query.split('&').filter((other) => !isSame(other));
    return [...kept, parameter].join('&');
  }

  toJSON(): string {
    return '[redacted]';
  }

  [inspect.custom](): string {
    return `PreparedCredential { version: ${this.version}, [redacted] }`;
  }
}

function inject(injection: Injection, fields: SecretFields): InjectedSecret {
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
