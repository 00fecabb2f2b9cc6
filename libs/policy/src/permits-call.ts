import { matchOperation } from './match-operation.js';
import { type Operation } from './operation.js';
import { type Resource } from './resource.js';

/**
 * The operation that the handle's scopes permit at this resource, or undefined: deny. `segments` are decoded, see
 * matchOperation. A scope that the resource does not have (any more) covers nothing.
 */
export function permitsCall(
  resource: Resource,
  scopes: readonly string[],
  method: string,
  segments: readonly string[],
): Operation | undefined {
  for (const scope of scopes) {
    const operation = matchOperation(resource.scopes.get(scope) ?? [], method, segments);
    if (operation !== undefined) return operation;
  }
  return undefined;
}
