import { readFileSync } from 'node:fs';
import { compileProxiedResource, type ProxiedResource } from '#injection';
import { type PosternConfig } from '#platform';
import { compileResource, ResourceSet } from '#policy';

/** The registered resources as the call path knows them, by id. @throws ResourceInvalid */
export function proxiedResources(config: PosternConfig): ReadonlyMap<string, ProxiedResource> {
  const { environment, publicOrigin } = config;
  const readFile = (path: string): string => readFileSync(path, 'utf8');
  const compiled = config.resources.map((entry) => {
    const resource = compileResource(entry, { environment, publicOrigin });
    return compileProxiedResource(entry, { resource, publicOrigin, readFile });
  });
  ResourceSet.of(compiled);
  return new Map(compiled.map((resource) => [resource.id, resource]));
}
