import { type ManagedCredential } from '#credentials';
import { type EventFactory, type Evidence, type RecordedEvent } from '#events';
import { type Clock, randomId, type Secret, sha256OfParts } from '#kernel';
import { type Operator } from '#oauth';
import {
  abandonRotation,
  approveRotation,
  type CredentialBook,
  type IntakeKey,
  type IntakeKeys,
  type Intervention,
  reconcileRotation,
  RequestRotation,
  type Rotation,
  type RotationFilter,
  type RotationOrder,
  RotationRefused,
  type RotationStore,
  type RotationTerms,
  type WrapIntake,
} from '#rotation';
import {
  BadAdminRequest,
  IntakeKeyMissing,
  RotationActive,
  RotationUnknown,
} from './admin-refusal.js';

/** Events of one rotation that are shown. */
const HISTORY_EVENTS_MAX = 200;
const FINGERPRINT_DIGITS = 32;
/** What is none is not looked for: PostgreSQL takes no NUL, and an address may hold anything. */
const ROTATION_ID = /^rot_[A-Za-z0-9_-]{1,64}$/;

type Decide = Parameters<RotationStore['intervene']>[1];

/** Where rotations and what they rotate are known. */
export interface RotationPorts {
  readonly store: RotationStore;
  readonly book: CredentialBook;
  readonly intakeKeys: IntakeKeys;
  /** Of the resources that are rotated, by id. */
  readonly terms: ReadonlyMap<string, RotationTerms>;
}

export interface RotationsParts {
  readonly rotation: RotationPorts;
  readonly evidence: Evidence;
  readonly events: EventFactory;
  readonly clock: Clock;
}

/** A wrapping token as it was handed over: as it is, or encrypted to the intake key already. */
export type HandedOver = ({ readonly wrappingToken: Secret } | { readonly sealedToken: string }) & {
  readonly told: WrapIntake['told'];
};

/** What an operator asks for. */
export interface AskedRotation extends Pick<RotationOrder, 'resource' | 'origin' | 'trigger'> {
  readonly reason: string;
  readonly wrap: HandedOver | undefined;
}

export interface RotationHistory {
  readonly rotation: Rotation;
  /** What was recorded of it in the last days, by time. */
  readonly events: readonly RecordedEvent[];
}

/** How the credential of a resource stands; undefined: no rotator has taken it in hand yet. */
export interface RotatedCredential {
  readonly terms: RotationTerms;
  readonly credential: ManagedCredential | undefined;
}

/** What operators do about rotations. An operator is its subject, whichever of its handles it presents. */
export class Rotations {
  readonly #requests: RequestRotation;

  constructor(private readonly parts: RotationsParts) {
    const { rotation, events, clock } = parts;
    this.#requests = new RequestRotation({ ...rotation, events, clock });
  }

  /**
   * A wrapping token is encrypted before anything else is done with it.
   * @throws RotationRefused, RotationActive, IntakeKeyMissing, BadAdminRequest, DependencyUnavailable
   */
  async request(
    { wrap, ...asked }: AskedRotation,
    { subjectId, isDelegated }: Operator,
  ): Promise<Rotation> {
    const intake = wrap === undefined ? undefined : await this.#intakeOf(wrap);
    const outcome = await this.#requests.request({
      ...asked,
      ...(intake === undefined ? {} : { wrap: intake }),
      initiatorId: subjectId,
      isDelegated,
      correlationId: randomId('req'),
    });
    if (outcome.kind === 'requested') return outcome.rotation;
    const [active] = await this.list({ resource: asked.resource, limit: 1 });
    throw new RotationActive(active);
  }

  /** The newest first. @throws DependencyUnavailable */
  list(filter: RotationFilter): Promise<readonly Rotation[]> {
    return this.parts.rotation.store.list(filter);
  }

  /** @throws RotationUnknown, DependencyUnavailable */
  async show(id: string): Promise<RotationHistory> {
    const rotation = await this.#find(id);
    const { correlationId } = rotation;
    const events = await this.parts.evidence.findByCorrelation(correlationId, HISTORY_EVENTS_MAX);
    return { rotation, events };
  }

  /** @throws RotationUnknown, RotationRefused, DependencyUnavailable */
  approve(id: string, operator: Operator, reason: string | undefined): Promise<Rotation> {
    return this.#intervene(id, (rotation) => approveRotation(rotation, this.#by(operator, reason)));
  }

  /** @throws RotationUnknown, RotationRefused, DependencyUnavailable */
  abandon(id: string, operator: Operator, reason: string | undefined): Promise<Rotation> {
    return this.#intervene(id, (rotation, credential) =>
      abandonRotation(rotation, credential, this.#by(operator, reason)),
    );
  }

  /** @throws RotationUnknown, RotationRefused, DependencyUnavailable */
  reconcile(id: string, operator: Operator, reason: string | undefined): Promise<Rotation> {
    return this.#intervene(id, (rotation) =>
      reconcileRotation(rotation, this.#termsOf(rotation), this.#by(operator, reason)),
    );
  }

  /** @throws IntakeKeyMissing, DependencyUnavailable */
  async intakeKey(): Promise<IntakeKey> {
    const current = await this.parts.rotation.intakeKeys.current();
    if (current === undefined) throw new IntakeKeyMissing();
    return current;
  }

  /** By resource. @throws DependencyUnavailable */
  async credentials(): Promise<readonly RotatedCredential[]> {
    const { book, terms } = this.parts.rotation;
    const rotated = [...terms.values()].sort((one, other) =>
      one.resource < other.resource ? -1 : 1,
    );
    const found: RotatedCredential[] = [];
    for (const one of rotated) found.push({ terms: one, credential: await book.find(one.ref) });
    return found;
  }

  async #find(id: string): Promise<Rotation> {
    const [rotation] = ROTATION_ID.test(id) ? await this.list({ id, limit: 1 }) : [];
    if (rotation === undefined) throw new RotationUnknown(id);
    return rotation;
  }

  async #intervene(id: string, decide: Decide): Promise<Rotation> {
    const { store } = this.parts.rotation;
    const decided = ROTATION_ID.test(id) ? await store.intervene(id, decide) : undefined;
    if (decided === undefined) throw new RotationUnknown(id);
    return decided;
  }

  #by({ subjectId: operatorId, isDelegated }: Operator, reason: string | undefined): Intervention {
    const { clock, events } = this.parts;
    return { operatorId, isDelegated, reason, now: clock.now(), events };
  }

  #termsOf({ id, resource }: Rotation): RotationTerms {
    const terms = this.parts.rotation.terms.get(resource);
    if (terms !== undefined) return terms;
    throw new RotationRefused(
      'unknown_resource',
      `rotation ${id} is of resource ${resource}, which postern.yaml does not rotate any more`,
    );
  }

  async #intakeOf({ told, ...handed }: HandedOver): Promise<WrapIntake> {
    const wrap =
      'sealedToken' in handed
        ? sealedByOthers(handed.sealedToken)
        : await sealed(await this.intakeKey(), handed.wrappingToken);
    return { ...wrap, told, unwrapStartedAt: undefined };
  }
}

type SealedWrap = Pick<WrapIntake, 'fingerprint' | 'sealedToken'>;

/** Of what nobody here can open there is a fingerprint of its outside, until a rotator opens it. */
export const sealedByOthers = (sealedToken: string): SealedWrap => ({
  sealedToken,
  fingerprint: sha256OfParts(['sealed wrapping token', sealedToken]).slice(0, FINGERPRINT_DIGITS),
});

async function sealed(intakeKey: IntakeKey, wrappingToken: Secret): Promise<SealedWrap> {
  const intake = await import('#adapters/intake'); // Not small, and seldom needed.
  try {
    const fingerprint = intake.wrapFingerprint(wrappingToken);
    return { sealedToken: await intake.sealWrap(intakeKey, wrappingToken), fingerprint };
  } catch (error) {
    if (!(error instanceof intake.WrappingTokenRefused)) throw error;
    throw new BadAdminRequest(`wrapping_token: ${error.message}`);
  }
}
