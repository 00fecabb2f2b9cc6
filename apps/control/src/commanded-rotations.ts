import { type EventFactory } from '#events';
import { type Clock } from '#kernel';
import { type CommandedRotation, type RotationOrderOutcome, RotationOrders } from '#oauth';
import { RequestRotation, RotationRefused } from '#rotation';
import { type RotationPorts, sealedByOthers } from './rotations.js';

/** Rotations that signed commands ask for. */
export class CommandedRotations extends RotationOrders {
  readonly #requests: RequestRotation;

  constructor(parts: {
    readonly rotation: RotationPorts;
    readonly events: EventFactory;
    readonly clock: Clock;
  }) {
    super();
    const { rotation, events, clock } = parts;
    this.#requests = new RequestRotation({ ...rotation, events, clock });
  }

  override async request({
    sealedToken,
    told,
    ...order
  }: CommandedRotation): Promise<RotationOrderOutcome> {
    try {
      const { kind } = await this.#requests.request(
        { ...order, ...(sealedToken === undefined ? {} : { wrap: intakeOf(sealedToken) }) },
        ({ id }) => told(id),
      );
      if (kind !== 'active') return { kind };
      return { kind: 'not_possible', rule: 'another rotation of its credential has not ended' };
    } catch (error) {
      if (!(error instanceof RotationRefused)) throw error;
      const isUnknown = error.refusal === 'unknown_resource';
      return { kind: isUnknown ? 'unknown_target' : 'not_possible', rule: error.message };
    }
  }
}

const intakeOf = (sealedToken: string) => ({
  ...sealedByOthers(sealedToken),
  told: undefined,
  unwrapStartedAt: undefined,
});
