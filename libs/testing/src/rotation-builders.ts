import { randomUUID } from 'node:crypto';
import { type SecretRef } from '#credentials';
import { EventFactory, type PosternEvent, type RotationState } from '#events';
import { randomId, secondsAfter } from '#kernel';
import { type Rotation, type RotationTerms } from '#rotation';
import { FixedClock } from './fixed-clock.js';

/** When the rotations of the builders are asked for. They are given up half an hour later. */
export const ROTATION_REQUESTED_AT = new Date('2026-11-20T12:00:00Z');
export const TEST_ROTATED_REF: SecretRef = { mount: 'secret', path: 'ledger/settlement' };

const events = new EventFactory({
  clock: new FixedClock(ROTATION_REQUESTED_AT),
  environment: 'test',
  deployment: 'contract',
  component: 'rotator',
});

/** One that was just asked for, with an id of its own: single slot, the value is made by Postern. */
export const aRotation = (overrides: Partial<Rotation> = {}): Rotation => ({
  id: randomId('rot'),
  ref: TEST_ROTATED_REF,
  resource: 'ledger',
  kind: 'single_slot',
  origin: 'generated',
  trigger: 'admin',
  state: 'requested',
  previousState: undefined,
  stateSince: ROTATION_REQUESTED_AT,
  token: randomUUID(),
  occurrence: undefined,
  fromVersion: 1,
  toVersion: undefined,
  attempt: 1,
  values: 1,
  waits: 0,
  dueAt: ROTATION_REQUESTED_AT,
  deadlineAt: secondsAfter(ROTATION_REQUESTED_AT, 1_800),
  probe: undefined,
  errorClass: undefined,
  initiatorId: 'sub_operator',
  reason: 'a contract test',
  wrap: undefined,
  approvalsNeeded: 0,
  approvedBy: [],
  correlationId: randomId('req'),
  requestedAt: ROTATION_REQUESTED_AT,
  endedAt: undefined,
  ...overrides,
});

/** The terms of a resource `ledger` with one slot, as postern.yaml gives them when it says nothing else. */
export const rotationTerms = (overrides: Partial<RotationTerms> = {}): RotationTerms => ({
  resource: 'ledger',
  ref: TEST_ROTATED_REF,
  kind: 'single_slot',
  fields: { username: 'username', password: 'password' },
  password: { length: 32, classes: ['lower', 'upper', 'digit'], symbols: '' },
  allowance: { failuresMax: 2, perSeconds: 900 },
  schedule: undefined,
  wrapped: undefined,
  breakGlassApprovals: 1,
  deadlineMs: 1_800_000,
  observeMs: 60_000,
  drainMs: 900_000,
  keepMs: 86_400_000,
  ...overrides,
});

/** That a rotation came into a state. */
export const aRotationEvent = (
  { id, resource, kind, trigger, attempt, correlationId }: Rotation,
  state: Exclude<RotationState, 'requested'> = 'staged',
): PosternEvent =>
  events.create(`dev.postern.rotation.${state}.v1`, {
    subject: `rotation/${id}`,
    partitionKey: resource,
    correlationId,
    data: {
      rotation_id: id,
      resource,
      kind,
      trigger,
      attempt,
      state,
      prev_state: 'requested',
    } as never, // The type of the event and of its state go together, which the compiler cannot see.
  });
