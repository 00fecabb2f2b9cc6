import { type CredentialCensus, type ManagedCredential } from '#credentials';
import { type PosternEvent } from '#events';
import {
  type CredentialBook,
  type IntakeKeys,
  type LeasedRotation,
  type LoginBudget,
  type Rotation,
  type RotationStep,
  type RotationStore,
  type RotationUpkeep,
} from '#rotation';
import { aRotation, aRotationEvent, TEST_ROTATED_REF } from './rotation-builders.js';

/** What rotations are stored in, with the ways round it that the contracts need. */
export interface RotationStoresUnderTest {
  readonly store: RotationStore;
  /** Of another rotator, on the same storage. */
  readonly twin: RotationStore;
  /** Of a process that asks for rotations and decides on them. */
  readonly control: RotationStore;
  readonly book: CredentialBook;
  /** Of two processes. */
  readonly census: CredentialCensus;
  readonly otherCensus: CredentialCensus;
  readonly budget: LoginBudget;
  readonly otherBudget: LoginBudget;
  readonly upkeep: RotationUpkeep;
  readonly intakeKeys: IntakeKeys;
  /** By the storage's clock. */
  now(): Date;
  /** Makes everything that is stored so much older. */
  pass(seconds: number): Promise<void>;
  /** Types of the durable events with this partition key, in order: that of a rotation and of a credential is its resource. */
  eventTypes(partitionKey: string): Promise<readonly string[]>;
  close(): Promise<void>;
}

export const LEASE_MS = 5_000;
export const CURRENT = 3;

/** One that is due by the clock of the stores. */
export const aDueRotation = (
  under: RotationStoresUnderTest,
  overrides: Partial<Rotation> = {},
): Rotation => {
  const at = under.now();
  const times = { dueAt: at, requestedAt: at, stateSince: at };
  return aRotation({ ...times, deadlineAt: new Date(at.getTime() + 1_800_000), ...overrides });
};

/** Takes the credential of the builders in hand, with CURRENT as its version. */
export const adopted = async ({ book }: RotationStoresUnderTest): Promise<ManagedCredential> => {
  await book.adopt({ ref: TEST_ROTATED_REF, resource: 'ledger', version: CURRENT }, []);
  return (await book.find(TEST_ROTATED_REF))!;
};

/** A rotation in this state, leased by `one`. */
export async function leasedIn(
  under: RotationStoresUnderTest,
  state: Rotation['state'] = 'requested',
): Promise<LeasedRotation> {
  await under.store.request(aDueRotation(under, { state }), []);
  return (await under.store.lease('one', LEASE_MS))!;
}

/** On to another state, with an event. */
export const stepTo = (
  rotation: Rotation,
  state: Rotation['state'],
  more: Partial<RotationStep> = {},
): RotationStep => ({
  next: { ...rotation, state, previousState: rotation.state },
  events: [eventOf(rotation, state)],
  ...more,
});

const eventOf = (rotation: Rotation, state: Rotation['state']): PosternEvent =>
  aRotationEvent(rotation, state === 'requested' ? 'staged' : state);

export const ROTATION_EVENT = (state: string): string => `dev.postern.rotation.${state}.v1`;
