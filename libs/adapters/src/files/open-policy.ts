import { type Clock } from '#kernel';
import {
  compileTransmitters,
  type IntrospectionDeclaration,
  type IssuerDeclaration,
  IssuerRegistry,
  type RegisteredIssuer,
  type SignalDeclaration,
  type SignalTransmitter,
} from '#identity';
import {
  compileGrantSet,
  compileResource,
  type GrantContext,
  lintGrantSet,
  posternResource,
  type Resource,
  type ResourceRegistration,
  ResourceSet,
} from '#policy';
import { FileGrantSource } from './file-grant-source.js';

/** What a deployment declares, as `postern.yaml` has it after loading. */
export interface PolicyDeclaration {
  readonly environment: string;
  readonly publicOrigin: string;
  readonly issuers: readonly (IssuerDeclaration | IntrospectionDeclaration)[];
  readonly resources: readonly ResourceRegistration[];
  readonly signals: readonly SignalDeclaration[];
  readonly grantsFolder: string;
}

/** Whose word counts. */
export interface TrustedParties {
  readonly issuers: IssuerRegistry;
  /** Of security events. */
  readonly transmitters: readonly SignalTransmitter[];
  /** All of them, whose keys are trusted. */
  readonly registrations: readonly RegisteredIssuer[];
}

/** Who may vouch, what may be asked for, and what is granted: compiled, and the grants watched. */
export interface OpenPolicy extends TrustedParties {
  readonly resources: ResourceSet;
  readonly grants: FileGrantSource;
}

/** @throws IssuerRegistryInvalid */
export function compileTrust(
  declared: Pick<PolicyDeclaration, 'issuers' | 'signals'>,
): TrustedParties {
  const issuers = IssuerRegistry.of(declared.issuers);
  const transmitters = compileTransmitters(declared.signals, issuers);
  const registrations = [...issuers.all(), ...transmitters.map(({ registration }) => registration)];
  return { issuers, transmitters, registrations };
}

/** The declared resources and the reserved one. @throws ResourceInvalid */
export function compileResources(
  declared: Pick<PolicyDeclaration, 'environment' | 'publicOrigin' | 'resources'>,
): ResourceSet {
  const { environment, publicOrigin, resources } = declared;
  const compiled: Resource[] = resources.map((entry) =>
    compileResource(entry, { environment, publicOrigin }),
  );
  return ResourceSet.of([posternResource(environment, publicOrigin), ...compiled]);
}

/** What grant files of this deployment refer to. @throws IssuerRegistryInvalid, ResourceInvalid */
export function grantContext(
  declared: Omit<PolicyDeclaration, 'signals' | 'grantsFolder'>,
  now: Date,
): GrantContext {
  const issuers = IssuerRegistry.of(declared.issuers);
  return {
    environment: declared.environment,
    issuers: new Map(issuers.all().map((issuer) => [issuer.id, issuer])),
    resources: compileResources(declared),
    now,
  };
}

/** @throws IssuerRegistryInvalid, ResourceInvalid, GrantSetInvalid, GrantFolderUnreadable */
export async function openPolicy(
  declared: PolicyDeclaration,
  parts: { readonly clock: Clock; readonly onProblem: (message: string) => void },
): Promise<OpenPolicy> {
  const context = grantContext(declared, parts.clock.now());
  const grants = await FileGrantSource.open({
    folder: declared.grantsFolder,
    compile: (files) => compileGrantSet(files, { ...context, now: parts.clock.now() }),
    onProblem: parts.onProblem,
  });
  // An overdue grant is no reason not to start, since it denies; somebody should know all the same.
  for (const { file, kind, what } of lintGrantSet(grants.current(), context)) {
    parts.onProblem(`${file}: ${kind}: ${what}`);
  }
  return { ...compileTrust(declared), resources: context.resources, grants };
}
