import { type PosternEvent } from '#events';
import { type RotateCommand } from './rotate-command.js';

/** A rotation that a signed command asks for. */
export interface CommandedRotation extends Pick<
  RotateCommand,
  'origin' | 'trigger' | 'sealedToken' | 'reason'
> {
  /** Id of the resource. */
  readonly resource: string;
  /** Id of the transmitter. */
  readonly initiatorId: string;
  /** The same for the same command, however often it comes. */
  readonly occurrence: string;
  readonly correlationId: string;
  /** Events that are written with the rotation, or not at all. */
  readonly told: (rotationId: string) => readonly PosternEvent[];
}

/** `repeated`: it was asked for by the same command before. The others: nothing was written, and why. */
export type RotationOrderOutcome =
  | { readonly kind: 'requested' | 'repeated' }
  | { readonly kind: 'unknown_target' | 'not_possible'; readonly rule: string };

/** Where signed commands ask for rotations. May be called at once by many. */
export abstract class RotationOrders {
  /** @throws DependencyUnavailable */
  abstract request(rotation: CommandedRotation): Promise<RotationOrderOutcome>;
}
