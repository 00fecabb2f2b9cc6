import { type RotationTerms } from '#rotation';

type Declared = Omit<RotationTerms, 'ref' | 'resource'>;

/** A resource of `postern.yaml` after loading, as far as it says how it is rotated. */
interface DeclaredResource {
  readonly id: string;
  readonly credential: { readonly ref: RotationTerms['ref'] };
  readonly rotation?: Declared;
}

/** The terms of every resource whose credential is rotated, by its id. */
export const compileRotations = (declared: {
  readonly resources: readonly DeclaredResource[];
}): ReadonlyMap<string, RotationTerms> =>
  new Map(
    declared.resources.flatMap(({ id, credential, rotation }) =>
      rotation === undefined ? [] : [[id, termsOf(id, credential.ref, rotation)] as const],
    ),
  );

/** Only the terms: what changes and tries a value is another's. */
function termsOf(resource: string, ref: RotationTerms['ref'], rotation: Declared): RotationTerms {
  return {
    resource,
    ref,
    kind: rotation.kind,
    fields: rotation.fields,
    password: rotation.password,
    allowance: rotation.allowance,
    schedule: rotation.schedule,
    wrapped: rotation.wrapped,
    breakGlassApprovals: rotation.breakGlassApprovals,
    deadlineMs: rotation.deadlineMs,
    observeMs: rotation.observeMs,
    drainMs: rotation.drainMs,
    keepMs: rotation.keepMs,
  };
}
