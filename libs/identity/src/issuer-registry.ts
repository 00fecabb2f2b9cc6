import {
  compileIntrospection,
  compileIssuer,
  type IntrospectionDeclaration,
  type IssuerDeclaration,
} from './compile-issuer.js';
import { type RegisteredIssuer } from './issuer-registration.js';
import { IssuerRegistryInvalid } from './issuer-registry-invalid.js';

/** The issuer allow list: everybody who may vouch for workloads. Does not change after it is made. */
export class IssuerRegistry {
  private constructor(private readonly byIssuer: ReadonlyMap<string, RegisteredIssuer>) {}

  /** @throws IssuerRegistryInvalid when an entry is, or when two share an id or an issuer. */
  static of(entries: readonly (IssuerDeclaration | IntrospectionDeclaration)[]): IssuerRegistry {
    const registrations = entries.map((entry) =>
      entry.kind === 'introspection' ? compileIntrospection(entry) : compileIssuer(entry),
    );
    refuseTwice('id', registrations);
    refuseTwice('issuer', registrations);
    return new IssuerRegistry(new Map(registrations.map((one) => [one.issuer, one])));
  }

  /** Byte-exact: no normalisation of case, slash or punycode (RFC 8725bis section 3.8). */
  find(issuer: string): RegisteredIssuer | undefined {
    return this.byIssuer.get(issuer);
  }

  /** By the id under which it is registered. */
  named(id: string): RegisteredIssuer | undefined {
    return this.all().find((one) => one.id === id);
  }

  /** In the order in which they were declared. */
  all(): readonly RegisteredIssuer[] {
    return [...this.byIssuer.values()];
  }

  /** Whose review is overdue: they are not trusted. */
  overdue(now: Date): readonly RegisteredIssuer[] {
    return this.all().filter((one) => isOverdue(one, now));
  }
}

/** Whether the issuer is no longer trusted because nobody reviewed it in time. */
export const isOverdue = (registration: { readonly reviewBy: Date }, now: Date): boolean =>
  !(now.getTime() < registration.reviewBy.getTime());

/** @throws IssuerRegistryInvalid when two share it. */
export function refuseTwice(
  member: 'id' | 'issuer',
  registrations: readonly RegisteredIssuer[],
): void {
  const seen = new Set<string>();
  for (const registration of registrations) {
    if (seen.has(registration[member])) {
      throw new IssuerRegistryInvalid(
        registration.id,
        `another issuer has the same ${member}, ${registration[member]}; each must be unique`,
      );
    }
    seen.add(registration[member]);
  }
}
