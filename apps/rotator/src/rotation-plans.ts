import { readFileSync } from 'node:fs';
import { changeSender, type ChangerPorts, credentialChanger } from '#adapters/changers';
import { compileRotations } from '#adapters/files';
import { HttpCredentialProbe } from '#adapters/http';
import { type SecretRef, type SecretStore } from '#credentials';
import { compileProxiedResource, type ProxiedResource } from '#injection';
import { type Clock } from '#kernel';
import { type PosternConfig, type ResourceEntry } from '#platform';
import { compileResource } from '#policy';
import { type RotationPlan, type RotationTerms, type SecretFields } from '#rotation';

export interface RotationPlanParts {
  readonly config: PosternConfig;
  /** Where the privileged accounts lie that make changes; read when they are needed. */
  readonly secrets: Pick<SecretStore, 'currentVersion' | 'read'>;
  readonly clock: Clock;
}

/**
 * How the credentials of a deployment are rotated, by the id of the resource: of those that have a `rotation` section.
 * Connects to nothing. @throws ResourceInvalid, ChangerSettingsRefused
 */
export function rotationPlans(parts: RotationPlanParts): ReadonlyMap<string, RotationPlan> {
  const terms = compileRotations(parts.config);
  const plans = parts.config.resources.flatMap((entry) => {
    const own = terms.get(entry.id);
    return own === undefined ? [] : [[entry.id, planOf(entry, own, parts)] as const];
  });
  return new Map(plans);
}

function planOf(
  entry: ResourceEntry,
  terms: RotationTerms,
  { config, secrets, clock }: RotationPlanParts,
): RotationPlan {
  const { change, verify: checks = [], refusals = [] } = entry.rotation ?? {};
  const resource = proxiedResource(entry, config);
  const ports: ChangerPorts = {
    read: (ref) => newestOf(ref, secrets),
    send: changeSender({ resource, clock }),
  };
  return {
    ...terms,
    changer: change === undefined ? undefined : credentialChanger(change, ports),
    probe: new HttpCredentialProbe({ resource, checks, refusals, clock }),
  };
}

/** As the proxy has it: what is tried here goes the way that calls go. */
function proxiedResource(entry: ResourceEntry, config: PosternConfig): ProxiedResource {
  const { environment, publicOrigin } = config;
  const resource = compileResource(entry, { environment, publicOrigin });
  const readFile = (path: string): string => readFileSync(path, 'utf8');
  return compileProxiedResource(entry, { resource, publicOrigin, readFile });
}

async function newestOf(
  ref: SecretRef,
  secrets: RotationPlanParts['secrets'],
): Promise<SecretFields> {
  const { version } = await secrets.currentVersion(ref);
  return (await secrets.read(ref, version)).fields;
}
