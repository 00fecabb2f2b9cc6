import { type EventFactory, type EventJournal } from '#events';
import { type HandleStore, type OrderReceipts } from '#handles';
import {
  type IssuerRegistry,
  type KeySource,
  SecurityEventVerifier,
  type SignalTransmitter,
} from '#identity';
import { type Clock } from '#kernel';
import { CarryOutSecurityEvent, ChangeHandles, type ReceiveSecurityEventParts } from '#oauth';
import { CommandedRotations } from './commanded-rotations.js';
import { type RotationPorts } from './rotations.js';

/** What it takes to take security events, by push or from the command topic. */
export interface ReceivingPorts {
  readonly publicOrigin: string;
  readonly clock: Clock;
  readonly issuers: IssuerRegistry;
  readonly keys: KeySource;
  readonly transmitters: readonly SignalTransmitter[];
  readonly handles: HandleStore;
  readonly receipts: OrderReceipts;
  readonly rotation: RotationPorts;
  readonly journal: EventJournal;
  readonly events: EventFactory;
}

/** Both ways verify alike, and share what they remember by the receipts. */
export function receivingParts(ports: ReceivingPorts): ReceiveSecurityEventParts {
  const { journal, events, publicOrigin } = ports;
  return {
    verifier: new SecurityEventVerifier({ ...ports, audience: publicOrigin }),
    effects: new CarryOutSecurityEvent({
      ...ports,
      changes: new ChangeHandles(ports),
      rotations: new CommandedRotations(ports),
    }),
    journal,
    events,
  };
}
