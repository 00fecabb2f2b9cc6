import { type Resource } from './resource.js';
import { ResourceInvalid } from './resource-invalid.js';

/** `audience` and `resource` of an exchange, the raw values in their order (RFC 8693 section 2.1). */
export interface ResourceQuestion {
  readonly audiences: readonly string[];
  readonly resources: readonly string[];
}

/** Exactly one resource, or why not. All but `resolved` are `invalid_target` on the wire. */
export type ResourceResolution =
  | { readonly kind: 'resolved'; readonly resource: Resource }
  /** Neither parameter was sent: there is never a default. */
  | { readonly kind: 'none' }
  /** Two different values of one parameter. */
  | { readonly kind: 'many' }
  /** No resource has that id or that URI. */
  | { readonly kind: 'unknown' }
  /** One value was sent twice. */
  | { readonly kind: 'duplicate' }
  /** `audience` and `resource` name two different resources. */
  | { readonly kind: 'conflict' };

/** All resources of a deployment: one environment, no id twice. Immutable. */
export class ResourceSet {
  readonly #byId: ReadonlyMap<string, Resource>;
  readonly #byUri: ReadonlyMap<string, Resource>;

  private constructor(readonly all: readonly Resource[]) {
    this.#byId = new Map(all.map((resource) => [resource.id, resource]));
    this.#byUri = new Map(all.map((resource) => [resource.uri, resource]));
  }

  /** @throws ResourceInvalid when an id stands twice or the resources are not of one environment. */
  static of(resources: readonly Resource[]): ResourceSet {
    const [first] = resources;
    const problems = resources.flatMap((resource, index) => [
      ...(resources.findIndex(({ id }) => id === resource.id) < index
        ? [{ where: `resource "${resource.id}"`, path: 'id', what: 'is registered twice' }]
        : []),
      ...(first !== undefined && first.environment !== resource.environment
        ? [
            {
              where: `resource "${resource.id}"`,
              path: 'environment',
              what: `is "${resource.environment}", but "${first.id}" is of "${first.environment}": a deployment serves one environment`,
            },
          ]
        : []),
    ]);
    if (problems.length > 0) throw new ResourceInvalid(problems);
    return new ResourceSet([...resources]);
  }

  find(id: string): Resource | undefined {
    return this.#byId.get(id);
  }

  /** Resolves to exactly one resource by byte-exact id and URI (X-08 to X-15 in docs/conformance.md). */
  resolve({ audiences, resources }: ResourceQuestion): ResourceResolution {
    const repeated = repetition(audiences) ?? repetition(resources);
    if (repeated !== undefined) return repeated;
    const [audience] = audiences;
    const [uri] = resources;
    const named = [
      ...(audience === undefined ? [] : [this.#byId.get(audience)]),
      ...(uri === undefined ? [] : [this.#byUri.get(uri)]),
    ];
    const [first] = named;
    if (named.length === 0) return { kind: 'none' };
    if (first === undefined || named.includes(undefined)) return { kind: 'unknown' };
    return named.every((resource) => resource === first)
      ? { kind: 'resolved', resource: first }
      : { kind: 'conflict' };
  }
}

/** One audience and one resource at most: two of a kind are refused even when they are equal. */
function repetition(values: readonly string[]): { kind: 'duplicate' | 'many' } | undefined {
  if (values.length < 2) return undefined;
  return { kind: new Set(values).size < values.length ? 'duplicate' : 'many' };
}
